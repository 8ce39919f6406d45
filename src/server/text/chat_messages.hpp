#pragma once
// The messages and tools of a chat request as a language model reads them.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/field_reader.hpp"
#include "server/text/text_request.hpp"

namespace parley::server {

/// `messages`, with the calls an assistant made and their results.
[[nodiscard]] std::vector<language::Message> read_messages(FieldReader& fields);

/// `tools` and `tool_choice`.
void read_tools(FieldReader& fields, nlohmann::ordered_json const& body, language::GenerateRequest& prompt);

}  // namespace parley::server
