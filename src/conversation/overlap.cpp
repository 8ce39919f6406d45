#include "conversation/overlap.hpp"

#include "conversation/said_words.hpp"
#include "conversation/words.hpp"

namespace parley::conversation {
namespace {

// Somebody at the other end of the room, or the loudspeaker: only words count.
constexpr float far_away_db = -15;
// In less than this a recogniser finds words in a cough.
constexpr Milliseconds shortest_word{250};
// Nobody coughs for longer.
constexpr Milliseconds longest_cough{450};
// What nobody could make words of in less than this is a cough or a click.
constexpr Milliseconds shortest_voice{352};

Overlapping open(Overlap const& o) { return o.since < overlap_decided_by ? Overlapping::undecided : Overlapping::passing; }

Overlapping by_words(Overlap const& o) {
  if (is_echo_of(*o.words, o.said)) return Overlapping::echo;
  if (asks_to_stop(*o.words)) return Overlapping::interruption;
  if (!o.voice_now && o.voiced < longest_cough && heard_in_noise(*o.words)) return Overlapping::noise;
  bool const all = !o.voice_now && o.words_are_all;
  if (begins_like_listening(*o.words)) {
    bool const short_one = !o.voice_now && o.voiced < longest_cough && only_listening(*o.words);
    if (all || short_one) return Overlapping::listening;
    if (o.since < overlap_patience) return open(o);
    return o.voice_now ? Overlapping::interruption : Overlapping::listening;
  }
  if (count_words(*o.words) >= 2) return Overlapping::interruption;
  // One word.
  if (!all && !o.voice_now && o.since < overlap_patience) return open(o);  // the rest of it is coming
  if (o.voice_now && o.since < overlap_decided_by) return Overlapping::undecided;
  return o.voiced >= shortest_word ? Overlapping::interruption : Overlapping::noise;
}

}  // namespace

Overlapping judge(Overlap const& o) {
  if (o.words && has_words(*o.words)) return by_words(o);
  bool const near = o.above_usual_db > far_away_db;
  if (!o.voice_now) {
    if (o.words && o.words_are_all) return Overlapping::noise;
    if (o.voiced < overlap_first_words) return Overlapping::noise;
    if (o.since < overlap_patience) return open(o);  // words are coming
    return o.words || o.voiced < shortest_voice || !near ? Overlapping::noise : Overlapping::interruption;
  }
  // A voice that goes on: its length decides.
  if (o.since < overlap_decided_by) return Overlapping::undecided;
  if (near && o.voiced >= longest_cough) return Overlapping::interruption;
  return o.since < overlap_patience ? Overlapping::passing : Overlapping::noise;
}

}  // namespace parley::conversation
