#include "conversation/turn_taking.hpp"

#include <algorithm>
#include <utility>

namespace parley::conversation {

VoiceTracker::Change VoiceTracker::hear(TurnTaking const& rule, audio::Heard from, audio::Heard end, float voice,
                                        int frames_to_begin) {
  bool const is_there = score_ > 0 || (in_speech_ && !in_pause_);
  bool const voiced = voice >= (is_there ? rule.threshold - hysteresis : rule.threshold);

  if (in_speech_ && !in_pause_) {
    if (voiced) last_voice_ = end;
    return Change::none;
  }
  if (!voiced) {
    score_ = std::max(0, score_ - 1);
    return Change::none;
  }
  if (!in_speech_ && score_ == 0) began_ = from;
  ++score_;
  if (score_ < (in_speech_ ? resuming_frames : frames_to_begin)) return Change::none;
  score_ = 0;
  last_voice_ = end;
  in_pause_ = false;
  return std::exchange(in_speech_, true) ? Change::resumed : Change::began;
}

void VoiceTracker::pause_seen() noexcept {
  in_pause_ = true;
  score_ = 0;
}

bool turn_is_over(TurnTaking const& rule, Pause const& pause) {
  switch (rule.kind) {
    case TurnTaking::Kind::manual: return false;
    case TurnTaking::Kind::silence: return pause.length >= rule.silence;
    case TurnTaking::Kind::semantic: break;
  }
  if (pause.length >= std::max(rule.longest_wait, rule.shortest_pause)) return true;
  if (!pause.words) return false;
  if (pause.finished) return *pause.finished >= rule.finished;
  return pause.model_failed && pause.length >= rule.silence;
}

std::optional<Milliseconds> first_look(TurnTaking const& rule) {
  switch (rule.kind) {
    case TurnTaking::Kind::manual: return std::nullopt;
    case TurnTaking::Kind::silence: return std::min(rule.shortest_pause, rule.silence);
    case TurnTaking::Kind::semantic: break;
  }
  return rule.shortest_pause;
}

std::optional<Milliseconds> next_moment(TurnTaking const& rule, Milliseconds now) {
  auto const first = first_look(rule);
  if (!first || now < *first) return first;
  if (rule.kind == TurnTaking::Kind::silence) return rule.silence;
  auto const last = std::max(rule.longest_wait, rule.shortest_pause);
  auto const looks = (now - *first) / look_again + 1;
  auto const again = *first + looks * look_again;
  return now < rule.silence ? std::min({last, again, rule.silence}) : std::min(last, again);
}

}  // namespace parley::conversation
