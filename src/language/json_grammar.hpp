#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::language {

/// A JSON schema as a grammar in llama.cpp's notation (GBNF, root rule "root"): what is drawn from it obeys the schema.
///
/// Understood: type, properties, required, additionalProperties, items, prefixItems, minItems, maxItems, minLength, maxLength,
/// enum, const, anyOf, oneOf, allOf of one, $ref into $defs or definitions, format date, time, date-time and uuid. Properties
/// come in the order of the schema. "{}" is any JSON object.
/// `strict`: a constraint that cannot be kept is refused, with its name; otherwise it is left to the model.
/// Errors: `invalid`, with the place in the schema.
[[nodiscard]] core::Result<std::string> json_grammar(std::string_view schema, bool strict = true);

}  // namespace parley::language
