#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace parley::knowledge {

/// Where user-perceived characters end (ICU, UAX #29), in bytes of valid UTF-8; the last is its length. Empty for no text.
[[nodiscard]] std::vector<std::size_t> grapheme_ends(std::string_view text);

}  // namespace parley::knowledge
