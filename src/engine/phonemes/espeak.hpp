#pragma once
// Letters to sounds by espeak-ng. espeak-ng is GPL-3, so it runs as a program of its own and is never linked.
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"

namespace parley::engine {

enum class Ties : bool {
  none,   // "tʃ", "aɪ": what Piper was trained on
  caret,  // "t^ʃ", "a^ɪ": sounds that are one symbol for Kokoro can be told from two that happen to meet
};

/// Thread-safe. A call blocks for some 10–20 ms unless the same part was asked for lately.
class Espeak {
 public:
  struct Options {
    std::string program = "espeak-ng";  ///< found in PATH
    std::chrono::milliseconds timeout{3000};
    std::size_t remembered = 512;  ///< parts whose phonemes are kept
  };
  Espeak() : Espeak(Options{}) {}
  explicit Espeak(Options options) : options_(std::move(options)) {}

  /// UTF-8 IPA with stress marks, words separated by single spaces; of the punctuation, , . ! ? ; : stay where they were and
  /// their Chinese forms, dashes and ellipses become them. `voice` is espeak-ng's: "en-us", "en-gb", "de", "cmn", …
  /// Text without a letter or digit gives what punctuation it has. Errors: `invalid` for a voice that does not exist,
  /// `unavailable` without espeak-ng, `deadline`.
  [[nodiscard]] core::Result<std::string> phonemes(std::string_view text, std::string const& voice) const;

  /// The same for several parts without clause punctuation at once, in one process: `result[i]` belongs to `parts[i]`.
  [[nodiscard]] core::Result<std::vector<std::string>> phonemes_of(std::vector<std::string> const& parts,
                                                                   std::string const& voice, Ties ties) const;

 private:
  [[nodiscard]] core::Result<std::vector<std::string>> ask(std::vector<std::string> const& parts, std::string const& voice,
                                                           Ties ties) const;
  [[nodiscard]] bool recall(std::string const& key, std::string& phonemes) const;
  void remember(std::string key, std::string phonemes) const;

  Options options_;
  using Entries = std::list<std::pair<std::string, std::string>>;  // most recently used first
  mutable std::mutex mutex_;
  mutable Entries entries_;
  mutable std::unordered_map<std::string_view, Entries::iterator> by_key_;  // the keys live in entries_
};

/// A stretch of text and the mark that ends it: what espeak-ng would drop is kept by cutting there.
struct MarkedPart {
  std::string text;  ///< without the mark; may be empty
  char mark = 0;     ///< one of , . ! ? ; : or 0
};
[[nodiscard]] std::vector<MarkedPart> split_at_marks(std::string_view text);

}  // namespace parley::engine
