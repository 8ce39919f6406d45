#include "cloud/openai/chat_codec.hpp"

#include <nlohmann/json.hpp>

#include "cloud/json_member.hpp"
#include "cloud/openai/refusal.hpp"

namespace parley::cloud::openai {
namespace {

using core::Code;
using nlohmann::json;

json const empty_object = json::object();

/// What came together goes on together: under load that is many tokens with one message.
void add_text(std::string text, std::vector<language::Piece>& out) {
  auto* const last = out.empty() ? nullptr : std::get_if<language::Delta>(&out.back());
  if (last != nullptr) {
    last->text += text;
  } else {
    out.emplace_back(language::Delta{std::move(text)});
  }
}

/// A member that is an object, or an empty one.
json const& object_at(json const& parent, char const* key) {
  auto const at = parent.find(key);
  return at != parent.end() && at->is_object() ? *at : empty_object;
}

json message_of(language::Message const& message) {
  json out{{"role", language::name(message.speaker)}, {"content", message.text}};
  if (!message.call_id.empty()) out["tool_call_id"] = message.call_id;
  for (auto const& call : message.calls) {
    out["tool_calls"].push_back(
        {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  return out;
}

json tool_of(language::Tool const& tool) {
  auto parameters = json::parse(tool.parameters, nullptr, false);
  if (!parameters.is_object()) parameters = {{"type", "object"}, {"properties", json::object()}};
  return {{"type", "function"},
          {"function", {{"name", tool.name}, {"description", tool.description}, {"parameters", std::move(parameters)}}}};
}

json choice_of(language::ToolChoice const& choice) {
  using Kind = language::ToolChoice::Kind;
  switch (choice.kind) {
    case Kind::none: return "none";
    case Kind::required: return "required";
    case Kind::named: return {{"type", "function"}, {"function", {{"name", choice.name}}}};
    case Kind::automatic: break;
  }
  return "auto";
}

}  // namespace

std::string chat_request(language::GenerateRequest const& request, ChatSettings const& settings) {
  json messages = json::array();
  for (auto const& message : request.messages) messages.push_back(message_of(message));
  auto const& sampling = request.sampling;
  json body{{"model", settings.model},
            {"messages", std::move(messages)},
            {"stream", true},
            {"stream_options", {{"include_usage", true}}},
            {"temperature", sampling.temperature},
            {"top_p", sampling.top_p},
            {"max_tokens", sampling.max_tokens}};
  if (settings.send_stop && !sampling.stop.empty()) body["stop"] = sampling.stop;
  if (settings.send_seed && sampling.seed != 0) body["seed"] = sampling.seed;
  if (!request.tools.empty()) {
    auto& tools = body["tools"] = json::array();
    for (auto const& tool : request.tools) tools.push_back(tool_of(tool));
    body["tool_choice"] = choice_of(request.tool_choice);
  }
  if (!settings.thinking.empty()) body["thinking"] = {{"type", settings.thinking}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<language::Piece> ChatReader::push(std::string_view bytes) {
  std::vector<language::Piece> out;
  auto const events = events_.push(bytes);
  if (!events) {
    fail(events.error(), out);
    return out;
  }
  for (auto const& event : *events) take(event, out);
  return out;
}

void ChatReader::fail(core::Error error, std::vector<language::Piece>& out) {
  if (std::exchange(finished_, true)) return;
  out.emplace_back(std::move(error));
}

void ChatReader::take(SseEvent const& event, std::vector<language::Piece>& out) {
  if (finished_) return;
  if (event.data == "[DONE]") {
    finished_ = true;
    out.emplace_back(language::Finish{reason_.value_or(language::FinishReason::stop), usage_});
    return;
  }
  auto const chunk = json::parse(event.data, nullptr, false);
  if (!chunk.is_object()) {
    return fail({Code::unavailable, "the language model's service sends something that is no JSON", "data", {}}, out);
  }
  if (auto const error = chunk.find("error"); error != chunk.end() && !error->is_null()) {
    return fail(refusal_of(*error), out);
  }
  if (auto const& usage = object_at(chunk, "usage"); !usage.empty()) {
    usage_ = {number_at(usage, "prompt_tokens"), number_at(object_at(usage, "prompt_tokens_details"), "cached_tokens"),
              number_at(usage, "completion_tokens")};
  }
  auto const choices = chunk.find("choices");
  if (choices == chunk.end() || !choices->is_array() || choices->empty() || !choices->front().is_object()) return;
  auto const& choice = choices->front();
  // reasoning_content is thought, not said.
  auto text = text_at(object_at(choice, "delta"), "content");
  if (!text.empty()) add_text(std::move(text), out);
  auto const calls = object_at(choice, "delta").find("tool_calls");
  if (calls != object_at(choice, "delta").end() && calls->is_array()) {
    for (auto const& call : *calls) {
      if (!call.is_object()) continue;
      auto const& function = object_at(call, "function");
      auto& id = calls_[number_at(call, "index")];
      if (id.empty()) {  // the name comes once, the arguments in parts
        id = text_at(call, "id");
        if (id.empty()) id = "call_" + std::to_string(calls_.size());
        out.emplace_back(language::ToolCallBegan{id, text_at(function, "name")});
      }
      auto arguments = text_at(function, "arguments");
      if (!arguments.empty()) out.emplace_back(language::ToolCallArguments{id, std::move(arguments)});
    }
  }
  auto const reason = text_at(choice, "finish_reason");
  if (reason.empty()) return;
  reason_ = reason == "content_filter"                  ? language::FinishReason::content_filter
            : reason == "length"                        ? language::FinishReason::length
            : reason == "tool_calls" || !calls_.empty() ? language::FinishReason::tool_calls
                                                        : language::FinishReason::stop;
}

std::optional<language::Piece> ChatReader::end() {
  if (std::exchange(finished_, true)) return std::nullopt;
  if (reason_) return language::Finish{*reason_, usage_};
  return core::Error{Code::unavailable, "the language model's service broke the answer off", "", {}};
}

}  // namespace parley::cloud::openai
