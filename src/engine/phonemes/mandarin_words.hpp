#pragma once
// Where the words of a Chinese sentence begin and end.
#include <string_view>
#include <vector>

#include "engine/phonemes/mandarin_lexicon.hpp"

namespace parley::engine {

/// Cuts a run of Chinese characters into words, in order and without a gap: the most probable way through the dictionary, and
/// where that leaves single characters side by side, a hidden Markov model over begin, middle and end of words (names, new
/// words). This is jieba's method (github.com/fxsjy/jieba), whose cuts the Chinese voices of Kokoro were trained on.
[[nodiscard]] std::vector<std::u32string_view> cut_words(MandarinLexicon const& lexicon, std::u32string_view run);

}  // namespace parley::engine
