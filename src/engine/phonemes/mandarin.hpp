#pragma once
// Chinese characters to the symbols of Kokoro-82M v1.0.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "engine/phonemes/mandarin_lexicon.hpp"

namespace parley::engine {

/// Immutable after loading; thread-safe; microseconds a sentence.
class Mandarin {
 public:
  /// `folder`: the model mandarin-lexicon.
  [[nodiscard]] static core::Result<Mandarin> load(std::filesystem::path const& folder);

  /// Symbols of a run of Chinese characters, words separated by spaces. Characters without a known reading are left out.
  ///
  /// Tones are those of the lexicon: no sandhi is applied beyond what its phrases hold (一个 yí gè). The Chinese voices of v1.0
  /// were trained on symbols written this way (misaki, `ZHG2P(version=None)`) and have learnt the changes of tone from the
  /// sound, so writing them out would say a different thing than it did in training.
  [[nodiscard]] std::u32string symbols(std::u32string_view run) const;

  /// The same as pinyin, "ni3 hao3": what tests and people read.
  [[nodiscard]] std::vector<std::string> pinyin(std::u32string_view run) const;

 private:
  explicit Mandarin(MandarinLexicon lexicon);
  template <class Use>
  void read_word(std::u32string_view word, Use&& use) const;

  MandarinLexicon lexicon_;
  std::vector<std::u32string> symbols_;  // by syllable
};

}  // namespace parley::engine
