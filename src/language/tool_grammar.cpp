#include "language/tool_grammar.hpp"

#include <nlohmann/json.hpp>

#include "language/json_grammar.hpp"

namespace parley::language {

using nlohmann::ordered_json;

core::Result<std::string> tool_call_grammar(std::vector<Tool> const& tools, ToolChoice const& choice) {
  ordered_json schema;
  for (auto const& tool : tools) {
    if (choice.kind == ToolChoice::Kind::named && tool.name != choice.name) continue;
    auto parameters = ordered_json::parse(tool.parameters, nullptr, false);
    if (!parameters.is_object()) parameters = ordered_json::object();
    ordered_json call;
    call["type"] = "object";
    call["properties"]["name"]["const"] = tool.name;
    // References in a tool's own schema are looked up from the root.
    for (char const* key : {"$defs", "definitions"}) {
      if (parameters.contains(key) && parameters[key].is_object()) schema[key].update(parameters[key]);
    }
    if (parameters.empty()) parameters["type"] = "object";
    call["properties"]["arguments"] = std::move(parameters);
    call["required"] = {"name", "arguments"};
    call["additionalProperties"] = false;
    schema["anyOf"].push_back(std::move(call));
  }
  if (!schema.contains("anyOf"))
    return core::fail(core::Code::invalid, "the function to be called is not among the tools", "tools");
  auto rules = json_grammar(schema.dump(-1, ' ', false, ordered_json::error_handler_t::replace), false);
  if (!rules) {
    rules.error().subject = "tools";
    return rules;
  }
  // "root ::= space rule-7" becomes the call with its marks around it.
  auto const end = rules->find('\n');
  std::string const call = rules->substr(sizeof("root ::= space ") - 1, end - sizeof("root ::= space ") + 1);
  return "root ::= \"<tool_call>\\n\" " + call + " \"\\n\"? \"</tool_call>\"" + rules->substr(end);
}

}  // namespace parley::language
