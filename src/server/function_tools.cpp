#include "server/function_tools.hpp"

#include <algorithm>

namespace parley::server {
namespace {

constexpr std::size_t most_tools = 128;
constexpr std::size_t longest_name = 64;

bool is_name(std::string const& name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

std::vector<language::Tool> read_tools(Json const& list, std::string const& path, Complaint& complaint) {
  std::vector<language::Tool> tools;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string const where = path + "[" + std::to_string(i) + "]";
    if (i >= most_tools || !list[i].is_object()) {
      if (!complaint) {
        complaint = ProtocolError{
            "invalid_type",
            i >= most_tools ? "At most 128 tools can be given." : "Invalid type for '" + where + "': expected an object.",
            where,
            {}};
      }
      return tools;
    }
    FieldReader fields(list[i], where, complaint);
    auto const type = fields.choice("type", {"function", "mcp"});
    if (type == "mcp") {
      fields.complain("type", "unsupported_tool", "MCP servers are not called from here; give their tools as functions.");
    }
    language::Tool tool;
    tool.name = fields.needed_text("name", longest_name);
    if (!is_name(tool.name))
      fields.complain("name", "invalid_value", "A function's name is made of letters, digits, '_' and '-'.");
    tool.description = fields.text("description").value_or("");
    Json const* parameters = fields.object("parameters");
    tool.parameters = parameters == nullptr ? R"({"type":"object","properties":{}})" : parameters->dump();
    tools.push_back(std::move(tool));
  }
  return tools;
}

language::ToolChoice read_tool_choice(Json const& choice, std::string const& path, Complaint& complaint) {
  using Kind = language::ToolChoice::Kind;
  if (choice.is_null() || choice == "auto") return {};
  if (choice == "none") return {Kind::none};
  if (choice == "required") return {Kind::required};
  if (choice.is_object()) {
    FieldReader fields(choice, path, complaint);
    (void)fields.choice("type", {"function"});
    return {Kind::named, fields.needed_text("name", longest_name)};
  }
  if (!complaint) {
    complaint = ProtocolError{"invalid_value",
                              "Invalid value for '" + path + "': it is 'auto', 'none', 'required' or {type: 'function', name}.",
                              path,
                              {}};
  }
  return {};
}

}  // namespace parley::server
