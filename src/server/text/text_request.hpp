#pragma once
// What a client wants written: the bodies of /v1/chat/completions, /v1/completions and /generate as one value.
// Source: OpenAI's API reference, of which the fields that change what is written are understood or refused by name; fields
// that only tell about the caller (user, metadata, store …) are let pass.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "language/model.hpp"
#include "server/protocol_error.hpp"

namespace parley::server {

struct TextRequest {
  enum class Shape { chat, completion, generate };

  Shape shape = Shape::chat;
  std::string model = "default";
  std::vector<language::GenerateRequest> prompts;  ///< /v1/completions takes several
  int n = 1;                                       ///< answers to each prompt
  bool stream = false;
  bool include_usage = false;
  bool logprobs = false;

  /// Our own extension of chat, `parley`: what is looked up before the answer, and what is done about sentences that it does
  /// not bear out. Only who asks so gets `parley` in the answer.
  struct LookUp {
    std::string role;                ///< whose bases and grounding, unless they are named
    std::vector<std::string> bases;  ///< "knowledge"
    std::string grounding;           ///< off, flag, soften, replace; empty: as the role says, or flag
  };
  std::optional<LookUp> look_up;

  [[nodiscard]] int choices() const { return static_cast<int>(prompts.size()) * n; }
  /// The choices in their order: prompt 0's n answers first. Equal seeds give equal answers, and different ones for each of n.
  [[nodiscard]] language::GenerateRequest choice(int index) const;
};

/// Tokens written at most when the client does not say; the end of the context comes first if it is nearer.
inline constexpr int default_max_tokens = 1024;
inline constexpr int most_choices = 16;

using ReadText = std::expected<TextRequest, ProtocolError>;
[[nodiscard]] ReadText read_chat(std::string_view body);
[[nodiscard]] ReadText read_completion(std::string_view body);
[[nodiscard]] ReadText read_generate(std::string_view body);

}  // namespace parley::server
