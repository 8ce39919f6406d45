#pragma once
// When each word of a segment was said. Whisper tells where a segment begins and ends, not its words: they are laid over the
// stretches of sound between the pauses, as long as their letters are to say, so that marks of punctuation meet pauses.
#include <span>
#include <string_view>
#include <vector>

#include "speech/recogniser.hpp"

namespace parley::engine {

/// `samples`: of the segment, 16 kHz, its first at `begin`. Times grow, do not overlap and lie in the segment. An estimate:
/// within a stretch without a pause a word may be a few tenths of a second off.
[[nodiscard]] std::vector<speech::TimedWord> place_words(std::string_view text, std::span<float const> samples,
                                                         audio::Heard begin);

}  // namespace parley::engine
