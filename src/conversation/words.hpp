#pragma once
#include <string_view>

namespace parley::conversation {

/// Whether there is anything in it that can be said: a letter, a digit or a character of any script. What a recogniser writes
/// for a cough ("", "…", "。") has none, nor has a clause of emoji.
[[nodiscard]] bool has_words(std::string_view text);

}  // namespace parley::conversation
