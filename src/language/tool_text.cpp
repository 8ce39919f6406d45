#include "language/tool_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace parley::language {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view call_begins = "<tool_call>";
constexpr std::string_view call_ends = "</tool_call>";
// A call that has not ended by then never will.
constexpr std::size_t longest_call = 64 * 1024;

/// JSON as it is written; what is no JSON becomes a string, so that the whole stays readable.
ordered_json json_or_text(std::string const& text) {
  auto parsed = ordered_json::parse(text, nullptr, false);
  return parsed.is_discarded() ? ordered_json(text) : parsed;
}

std::string dump(ordered_json const& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

std::string offer(std::vector<Tool> const& tools, ToolChoice const& choice) {
  std::string text =
      "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function "
      "signatures within <tools></tools> XML tags:\n<tools>";
  for (auto const& tool : tools) {
    ordered_json function{{"name", tool.name}, {"description", tool.description}};
    function["parameters"] = tool.parameters.empty() ? ordered_json::object() : json_or_text(tool.parameters);
    text += "\n" + dump({{"type", "function"}, {"function", function}});
  }
  text +=
      "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
      "<tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n"
      "</tool_call>";
  if (choice.kind == ToolChoice::Kind::required) text += "\n\nYou must call a function now.";
  if (choice.kind == ToolChoice::Kind::named) text += "\n\nYou must call the function " + choice.name + " now.";
  return text;
}

std::string in_words(Message const& assistant) {
  std::string text = assistant.text;
  for (auto const& call : assistant.calls) {
    ordered_json body{{"name", call.name}};
    body["arguments"] = json_or_text(call.arguments);
    if (!text.empty()) text += "\n";
    text += "<tool_call>\n" + dump(body) + "\n</tool_call>";
  }
  return text;
}

/// How many bytes at the end of `text` could be the beginning of `mark`.
std::size_t begun(std::string_view text, std::string_view mark) {
  for (std::size_t n = std::min(text.size(), mark.size() - 1); n > 0; --n) {
    if (text.ends_with(mark.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

std::vector<Message> with_tools_in_words(std::vector<Message> messages, std::vector<Tool> const& tools,
                                         ToolChoice const& choice) {
  std::vector<Message> out;
  bool after_result = false;
  for (auto& message : messages) {
    bool const result = message.speaker == Speaker::tool;
    if (result) {
      auto text = "<tool_response>\n" + message.text + "\n</tool_response>";
      if (after_result) {
        out.back().text += "\n" + text;
      } else {
        out.push_back({Speaker::user, std::move(text)});
      }
    } else if (!message.calls.empty()) {
      out.push_back({message.speaker, in_words(message)});
    } else {
      out.push_back(std::move(message));
    }
    after_result = result;
  }
  if (tools.empty() || choice.kind == ToolChoice::Kind::none) return out;
  if (out.empty() || out.front().speaker != Speaker::system) out.insert(out.begin(), {Speaker::system, ""});
  out.front().text += offer(tools, choice);
  return out;
}

std::vector<Piece> ToolCallReader::push(Piece piece) {
  std::vector<Piece> out;
  if (auto* delta = std::get_if<Delta>(&piece)) {
    held_ += delta->text;
    read(out);
    return out;
  }
  if (auto* end = std::get_if<Finish>(&piece)) return finish(std::move(*end));
  out.push_back(std::move(piece));
  return out;
}

void ToolCallReader::read(std::vector<Piece>& out) {
  for (;;) {
    auto const mark = in_call_ ? call_ends : call_begins;
    auto const at = held_.find(mark);
    if (at == std::string::npos) break;
    auto part = held_.substr(0, at);
    held_.erase(0, at + mark.size());
    if (in_call_) {
      take_call(part, out);
    } else {
      words(std::move(part), out);
    }
    in_call_ = !in_call_;
  }
  if (in_call_) {
    if (held_.size() > longest_call) {
      held_.clear();
      ++unreadable_;
      in_call_ = false;
    }
    return;
  }
  auto const keep = begun(held_, call_begins);
  words(held_.substr(0, held_.size() - keep), out);
  held_.erase(0, held_.size() - keep);
}

/// Blanks go out only once words follow them.
void ToolCallReader::words(std::string text, std::vector<Piece>& out) {
  if (calls_ > 0 && !said_ && space_.empty() && text.find_first_not_of(" \n\r\t") == std::string::npos) return;
  text = std::exchange(space_, {}) + text;
  auto const last = text.find_last_not_of(" \n\r\t");
  space_ = last == std::string::npos ? text : text.substr(last + 1);
  text.resize(text.size() - space_.size());
  if (text.empty()) return;
  said_ = true;
  out.emplace_back(Delta{std::move(text)});
}

void ToolCallReader::take_call(std::string_view body, std::vector<Piece>& out) {
  space_.clear();
  auto const json = ordered_json::parse(body, nullptr, false);
  auto const name = json.is_object() ? json.value("name", ordered_json()) : ordered_json();
  bool const offered =
      name.is_string() && std::ranges::find(tools_, name.get_ref<std::string const&>(), &Tool::name) != tools_.end();
  auto arguments = json.is_object() ? json.value("arguments", ordered_json::object()) : ordered_json();
  if (arguments.is_string()) arguments = ordered_json::parse(arguments.get<std::string>(), nullptr, false);
  if (!offered || !arguments.is_object()) {
    ++unreadable_;
    return;
  }
  ++calls_;
  auto id = new_id_();
  out.emplace_back(ToolCallBegan{id, name.get<std::string>()});
  out.emplace_back(ToolCallArguments{std::move(id), dump(arguments)});
}

std::vector<Piece> ToolCallReader::finish(Finish end) {
  std::vector<Piece> out;
  // A model that reaches its end after a whole call often leaves the closing mark out.
  if (in_call_) take_call(std::exchange(held_, {}), out);
  in_call_ = false;
  words(std::exchange(held_, {}), out);
  if (unreadable_ > 0 && calls_ == 0 && !said_) {
    out.emplace_back(
        core::Error{core::Code::internal, "the model asked for a tool in a way that cannot be read; ask again", {}, {}});
    return out;
  }
  if (calls_ > 0 && end.reason == FinishReason::stop) end.reason = FinishReason::tool_calls;
  out.emplace_back(std::move(end));
  return out;
}

}  // namespace parley::language
