#pragma once
#include <string>
#include <vector>

#include "core/result.hpp"
#include "language/model.hpp"

namespace parley::language {

/// GBNF for exactly one call of one of the tools (of the named one) in the form of tool_text.hpp, with arguments that obey the
/// tool's schema as far as a grammar can say it. Errors: `invalid` when the choice is not among the tools or a schema is bad.
[[nodiscard]] core::Result<std::string> tool_call_grammar(std::vector<Tool> const& tools, ToolChoice const& choice);

}  // namespace parley::language
