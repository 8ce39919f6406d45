#pragma once
// The words that keyword search compares. Chinese has no blanks, and most of its words have two characters: every pair of
// neighbours counts as a word, and single characters as well, so that nothing is out of reach and no dictionary is needed.
#include <string>
#include <string_view>
#include <vector>

namespace parley::knowledge {

/// What a chunk is indexed under, separated by blanks, for FTS5's `porter unicode61`: other scripts' words as they are, in
/// Unicode's compatibility form without case (full-width Ａ is a), Chinese as characters and pairs.
[[nodiscard]] std::string index_words(std::string_view text);

/// What a question looks for: its words but for the commonest, a Chinese run as its pairs (a lone character as itself). Each
/// once, in their order.
[[nodiscard]] std::vector<std::string> query_words(std::string_view text);

/// The FTS5 expression that finds one of them.
[[nodiscard]] std::string match_expression(std::string const& word);

}  // namespace parley::knowledge
