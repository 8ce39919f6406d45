#pragma once
// Ark's chat completions, the server's side: a request's JSON to a GenerateRequest, pieces to streamed chunks. Values: no I/O.
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "language/model.hpp"

namespace parley::cloud::volcengine {

struct ChatWish {
  language::GenerateRequest request;
  std::string model;
  bool usage = false;
};
[[nodiscard]] core::Result<ChatWish> read_chat(std::string_view body);

[[nodiscard]] std::string chat_delta(std::string const& model, std::string const& text);
[[nodiscard]] std::string chat_finish(ChatWish const& wish, language::Finish const& finish);  ///< with [DONE]
/// {"error":{"code":…}} as Ark writes it.
[[nodiscard]] std::string chat_error(std::string const& code, std::string const& message);
/// The code that goes with an HTTP status, for faults on demand.
[[nodiscard]] char const* chat_code_of(int status);

}  // namespace parley::cloud::volcengine
