#pragma once
// From what a speech model writes to what a person would: characters, punctuation, spaces, and no loops.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::engine {

/// Traditional to simplified Chinese (OpenCC's t2s). Immutable; thread-safe.
class Simplifier {
 public:
  [[nodiscard]] static core::Result<std::shared_ptr<Simplifier const>> load();
  ~Simplifier();
  [[nodiscard]] std::string operator()(std::string_view text) const;

 private:
  struct Converter;
  explicit Simplifier(std::unique_ptr<Converter> converter);
  std::unique_ptr<Converter> converter_;
};

/// Trimmed, valid UTF-8. Beside a Chinese character a comma, question mark and the like take their full width, and a lone space
/// between two Chinese characters, which is how Whisper writes a pause it put no mark on, becomes a comma.
[[nodiscard]] std::string tidy_transcript(std::string_view text);

/// What `a` and then `b` read as: a space between them unless one of them is Chinese there or empty.
[[nodiscard]] std::string join_transcripts(std::string_view a, std::string_view b);

/// Whether the end of the sequence is the same phrase over and over: the mark of a decoder that has lost its place. Returns the
/// length with one copy of the phrase left, or `tokens.size()` when there is no loop. Two copies are speech ("bye bye"), and
/// short phrases may come a few times more (哈哈哈哈).
[[nodiscard]] std::size_t without_loop(std::span<int const> tokens) noexcept;

}  // namespace parley::engine
