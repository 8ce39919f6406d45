#pragma once
// Text, Chinese and English mixed as people write it, to the symbols of Kokoro-82M v1.0.
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "engine/phonemes/espeak.hpp"
#include "engine/phonemes/mandarin.hpp"

namespace parley::engine {

enum class Accent : bool { american, british };

/// Thread-safe; may be copied. Chinese takes microseconds, Latin letters a process of some 10–20 ms a clause (see Espeak).
class KokoroSymbols {
 public:
  /// `lexicon`: the folder of the model mandarin-lexicon.
  [[nodiscard]] static core::Result<KokoroSymbols> load(
      std::filesystem::path const& lexicon, std::shared_ptr<Espeak const> espeak = std::make_shared<Espeak const>());
  KokoroSymbols(std::shared_ptr<Mandarin const> mandarin, std::shared_ptr<Espeak const> espeak)
      : mandarin_(std::move(mandarin)), espeak_(std::move(espeak)) {}

  /// `text` as written, one clause; `language` ("zh", else English) says how numbers are read. Runs of Chinese characters are
  /// read as Mandarin, runs of other letters as English of the accent the voice has. Only symbols of the model's vocabulary
  /// come out; text without anything to say gives none. Errors: those of Espeak, and only where there are letters.
  [[nodiscard]] core::Result<std::u32string> operator()(std::string_view text, std::string_view language,
                                                        Accent accent = Accent::american) const;

 private:
  std::shared_ptr<Mandarin const> mandarin_;
  std::shared_ptr<Espeak const> espeak_;
};

/// espeak-ng's IPA (en-us or en-gb) with caret ties → Kokoro's: "d^ʒˈʌd^ʒ" → "ʤˈʌʤ", "həlˈo^ʊ" → "həlˈO". The mapping is that
/// of the English fallback of misaki 0.9 (Apache-2.0), for espeak-ng before 1.52.
[[nodiscard]] std::u32string kokoro_english(std::string_view ipa, Accent accent = Accent::american);

/// Whether the model has a symbol for it; spaces count.
[[nodiscard]] bool is_kokoro_symbol(char32_t c);

}  // namespace parley::engine
