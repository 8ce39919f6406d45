#pragma once
// `tools` and `tool_choice` of a session or a response, as the conversation takes them.
#include <string>
#include <vector>

#include "language/model.hpp"
#include "server/field_reader.hpp"

namespace parley::server {

/// `list`: an array. Functions only; an `mcp` server is a complaint, for nobody here would call it.
[[nodiscard]] std::vector<language::Tool> read_tools(Json const& list, std::string const& path, Complaint& complaint);

/// "auto", "none", "required", or {"type": "function", "name"}; null is "auto".
[[nodiscard]] language::ToolChoice read_tool_choice(Json const& choice, std::string const& path, Complaint& complaint);

}  // namespace parley::server
