#pragma once
// A voice while an answer is in the air: an interruption, a sign of listening, a cough, or the answer's own echo? The rule, and
// nothing else; whoever wants another one changes this file.
//
// The player is held back at once (if it can be), so a clear interruption is silence after a tenth of a second. The decision
// takes longer, half a second at most. Stopping an answer cannot be taken back, so what is not clear by then passes: the player
// goes on from the very sample, the voice is listened to further, and may still turn out to be an interruption.
#include <optional>
#include <string>
#include <string_view>

#include "conversation/settings.hpp"

namespace parley::conversation {

inline constexpr Milliseconds overlap_first_words{224};  ///< so much voice is worth a transcript
inline constexpr Milliseconds overlap_more_words{352};   ///< and once more, while nothing is decided
inline constexpr Milliseconds overlap_words_again{320};  ///< and whenever one that has passed has gone on for so long
inline constexpr Milliseconds overlap_gap{96};           ///< so long without a voice, and it has stopped
inline constexpr Milliseconds overlap_decided_by{480};   ///< whole frames
inline constexpr Milliseconds overlap_patience{900};     ///< so long is one that has passed listened to

struct Overlap {
  Milliseconds since{};              ///< the first voiced frame
  Milliseconds voiced{};             ///< from the first to the last voiced frame
  bool voice_now = true;             ///< it has not stopped
  float above_usual_db = 0;          ///< loudness less this speaker's usual; 0 when that is not known
  std::optional<std::string> words;  ///< newest transcript; absent: none yet
  bool words_are_all = false;        ///< the transcript holds everything that was said
  std::string_view said;             ///< the answer's own text
};

/// `passing`: time is up, and it is more likely nothing.
enum class Overlapping { undecided, passing, interruption, listening, noise, echo };

[[nodiscard]] Overlapping judge(Overlap const& overlap);

}  // namespace parley::conversation
