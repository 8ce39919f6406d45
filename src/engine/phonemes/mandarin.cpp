#include "engine/phonemes/mandarin.hpp"

#include <span>
#include <utility>

#include "engine/phonemes/mandarin_words.hpp"
#include "engine/phonemes/pinyin.hpp"

namespace parley::engine {

core::Result<Mandarin> Mandarin::load(std::filesystem::path const& folder) {
  auto lexicon = MandarinLexicon::load(folder);
  if (!lexicon) return std::unexpected(std::move(lexicon.error()));
  return Mandarin(std::move(*lexicon));
}

Mandarin::Mandarin(MandarinLexicon lexicon) : lexicon_(std::move(lexicon)) {
  symbols_.reserve(lexicon_.syllables());
  for (std::uint32_t i = 0; i < lexicon_.syllables(); ++i) symbols_.push_back(kokoro_syllable(lexicon_.pinyin(i)));
}

// Within a word the longest phrase with a known reading counts, character after character where there is none.
template <class Use>
void Mandarin::read_word(std::u32string_view word, Use&& use) const {
  while (!word.empty()) {
    std::span<std::uint32_t const> phrase;
    std::optional<MandarinLexicon::Node> node = MandarinLexicon::root;
    for (std::size_t length = 1; length <= word.size(); ++length) {
      node = lexicon_.child(*node, word[length - 1]);
      if (!node) break;
      if (auto const longer = lexicon_.phrase(*node, length); !longer.empty()) phrase = longer;
    }
    for (auto const syllable : phrase) use(syllable);
    if (phrase.empty()) {
      if (auto const alone = lexicon_.syllable(word.front())) use(*alone);
    }
    word.remove_prefix(phrase.empty() ? 1 : phrase.size());
  }
}

std::u32string Mandarin::symbols(std::u32string_view run) const {
  std::u32string all;
  for (auto const word : cut_words(lexicon_, run)) {
    auto const before = all.size();
    if (!all.empty()) all.push_back(U' ');
    auto const empty = all.size();
    read_word(word, [&](std::uint32_t syllable) { all += symbols_[syllable]; });
    if (all.size() == empty) all.resize(before);
  }
  return all;
}

std::vector<std::string> Mandarin::pinyin(std::u32string_view run) const {
  std::vector<std::string> all;
  for (auto const word : cut_words(lexicon_, run)) {
    read_word(word, [&](std::uint32_t syllable) { all.emplace_back(lexicon_.pinyin(syllable)); });
  }
  return all;
}

}  // namespace parley::engine
