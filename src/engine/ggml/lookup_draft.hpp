#pragma once
// Speculative decoding without a second model: an answer that quotes its prompt or repeats itself (a passage, a list, code,
// JSON) goes on as the text did when its last tokens stood there before. What follows there is a draft that the next step reads
// beside the token it has to read anyway; the tokens that are then drawn as foretold cost no step of their own. Nothing changes
// in what is written: every token is still drawn from the model's own scores.
// Prompt look-up decoding: https://github.com/apoorvumang/prompt-lookup-decoding
#include <cstddef>
#include <cstdint>
#include <span>

namespace parley::engine {

/// Foretells one text. One thread at a time.
class LookupDraft {
 public:
  using Token = std::int32_t;
  static constexpr std::size_t longest = 8;  ///< tokens of a draft

  /// What may follow `text`, at most `most` tokens of it, as a part of `text`. Empty when its end is new, or when drafts have
  /// not been worth their price of late.
  [[nodiscard]] std::span<Token const> next(std::span<Token const> text, std::size_t most);

  /// So many of the tokens foretold were drawn.
  void drawn(std::size_t foretold, std::size_t right);

 private:
  double right_ = 0.6;  ///< how likely the next token foretold is right: a running mean
};

}  // namespace parley::engine
