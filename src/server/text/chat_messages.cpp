#include "server/text/chat_messages.hpp"

#include <algorithm>
#include <cctype>

#include "language/tool_grammar.hpp"

namespace parley::server {
namespace {

using language::Message;
using language::Speaker;
using language::Tool;
using language::ToolCall;
using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t longest_text = std::size_t{1} << 20;
constexpr std::size_t most_messages = 2048;
constexpr std::size_t most_tools = 128;

/// A string, null, or a list of text parts.
std::string content_of(FieldReader& message, Json const& object) {
  auto const content = object.find("content");
  if (content == object.end() || content->is_null()) return {};
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) {
    message.complain("content", "invalid_type", "'" + message.path("content") + "' is a string or a list of parts.");
    return {};
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    Json const& part = (*content)[i];
    std::string const where = "content[" + std::to_string(i) + "]";
    if (!part.is_object() || !part.contains("type") || !part["type"].is_string()) {
      message.complain(where, "invalid_type", "'" + message.path(where) + "' is an object with a 'type'.");
      return {};
    }
    auto const& type = part["type"].get_ref<std::string const&>();
    if (type != "text" && type != "refusal") {
      message.complain(where + ".type", "unsupported_value",
                       "Parts of type '" + type + "' cannot be read by this model; send text.");
      return {};
    }
    auto const words = part.find(type);
    if (words == part.end() || !words->is_string()) {
      message.complain(where + "." + type, "missing_required_parameter", "A part of text has a 'text'.");
      return {};
    }
    text += words->get_ref<std::string const&>();
  }
  return text;
}

/// Calls that were made.
std::vector<ToolCall> calls_of(FieldReader& message, Json const& object) {
  std::vector<ToolCall> made;
  auto const calls = object.find("tool_calls");
  if (calls == object.end() || calls->is_null()) return made;
  if (!calls->is_array()) message.complain("tool_calls", "invalid_type", "'" + message.path("tool_calls") + "' is a list.");
  auto const text = [](Json const& holder, char const* name) {
    return holder.is_object() && holder.contains(name) && holder[name].is_string() ? holder[name].get<std::string>() : "";
  };
  for (auto const& call : *calls) {
    Json const function = call.is_object() && call.contains("function") ? call["function"] : Json();
    ToolCall one{text(call, "id"), text(function, "name"), text(function, "arguments")};
    if (one.name.empty()) {
      message.complain("tool_calls", "invalid_value", "A tool call has a 'function' with a 'name'.");
      return {};
    }
    if (one.arguments.empty()) one.arguments = "{}";
    made.push_back(std::move(one));
  }
  return made;
}

void add_message(FieldReader& message, Json const& object, std::vector<Message>& messages) {
  auto const role = message.choice("role", {"system", "developer", "user", "assistant", "tool"});
  if (!role) return message.complain("role", "missing_required_parameter", "Missing required parameter: 'role'.");
  std::string text = content_of(message, object);
  if (text.size() > longest_text) return message.complain("content", "string_above_max_length", "This message is too long.");
  if (*role == "system" || *role == "developer") {
    messages.push_back({Speaker::system, std::move(text)});
  } else if (*role == "user") {
    messages.push_back({Speaker::user, std::move(text)});
  } else if (*role == "assistant") {
    messages.push_back({Speaker::assistant, std::move(text), calls_of(message, object)});
  } else {
    messages.push_back({Speaker::tool, std::move(text), {}, message.needed_text("tool_call_id", 256)});
  }
}

bool good_name(std::string const& name) {
  return !name.empty() && name.size() <= 64 &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
}

std::vector<Tool> tools_of(FieldReader& fields, OrderedJson const& body) {
  std::vector<Tool> tools;
  auto const list = body.find("tools");
  if (list == body.end() || list->is_null()) return tools;
  if (!list->is_array() || list->size() > most_tools) {
    fields.complain("tools", "invalid_type", "'tools' is a list of at most 128 functions.");
    return tools;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto const& tool = (*list)[i];
    std::string const where = "tools[" + std::to_string(i) + "]";
    if (!tool.is_object() || tool.value("type", OrderedJson("function")) != "function" || !tool.contains("function") ||
        !tool["function"].is_object()) {
      fields.complain(where + ".type", "invalid_value", "A tool is {\"type\": \"function\", \"function\": {…}}.");
      return {};
    }
    auto const& function = tool["function"];
    Tool known;
    if (function.contains("name") && function["name"].is_string()) known.name = function["name"].get<std::string>();
    if (!good_name(known.name)) {
      fields.complain(where + ".function.name", "invalid_value",
                      "A function's name has 1 to 64 of a-z, A-Z, 0-9, _, - and '.'.");
      return {};
    }
    if (function.contains("description") && function["description"].is_string()) {
      known.description = function["description"].get<std::string>();
    }
    bool const described = function.contains("parameters") && function["parameters"].is_object();
    known.parameters = described ? function["parameters"].dump() : R"({"type":"object","properties":{}})";
    tools.push_back(std::move(known));
  }
  return tools;
}

}  // namespace

std::vector<Message> read_messages(FieldReader& fields) {
  std::vector<Message> messages;
  Json const* list = fields.array("messages");
  if (list == nullptr || list->empty() || list->size() > most_messages) {
    fields.complain("messages", list == nullptr ? "missing_required_parameter" : "invalid_value",
                    "'messages' is a list of 1 to 2048 messages.");
    return messages;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    std::string const where = "messages[" + std::to_string(i) + "]";
    Complaint complaint;
    if (!(*list)[i].is_object()) {
      fields.complain(where, "invalid_type", "'" + where + "' is an object with 'role' and 'content'.");
      return messages;
    }
    FieldReader message((*list)[i], where, complaint);
    add_message(message, (*list)[i], messages);
    if (complaint) {
      fields.complain(complaint->param, complaint->code, complaint->message);
      return messages;
    }
  }
  return messages;
}

void read_tools(FieldReader& fields, OrderedJson const& body, language::GenerateRequest& prompt) {
  using Kind = language::ToolChoice::Kind;
  prompt.tools = tools_of(fields, body);
  auto const choice = body.find("tool_choice");
  if (choice == body.end() || choice->is_null()) return;
  if (choice->is_object()) {
    auto const name = choice->value("/function/name"_json_pointer, OrderedJson(""));
    if (std::ranges::none_of(prompt.tools, [&](Tool const& tool) { return name == tool.name; })) {
      return fields.complain("tool_choice", "invalid_value", "'tool_choice' names a function that is not in 'tools'.");
    }
    prompt.tool_choice = {Kind::named, name.get<std::string>()};
  } else if (*choice == "none") {
    prompt.tool_choice.kind = Kind::none;
  } else if (*choice == "required") {
    if (prompt.tools.empty()) {
      return fields.complain("tool_choice", "invalid_value", "'tool_choice' is only allowed when 'tools' are given.");
    }
    prompt.tool_choice.kind = Kind::required;
  } else if (*choice != "auto") {
    return fields.complain("tool_choice", "invalid_value", "'tool_choice' is 'none', 'auto', 'required' or a function.");
  }
  bool const must_call = prompt.tool_choice.kind == Kind::required || prompt.tool_choice.kind == Kind::named;
  if (!must_call) return;
  if (auto const grammar = language::tool_call_grammar(prompt.tools, prompt.tool_choice); !grammar) {
    fields.complain("tools", "invalid_json_schema", grammar.error().message);
  }
}

}  // namespace parley::server
