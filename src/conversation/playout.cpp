#include "conversation/playout.hpp"

#include <algorithm>
#include <utility>

namespace parley::conversation {

void Playout::hand_over(core::Instant now, core::Instant player_free, audio::Spoken length) {
  if (length.samples <= 0) return;
  handed_over_ = handed_over_ + length;
  auto const begins = std::max(held_.value_or(now), player_free);
  if (!stretches_.empty() && begins <= over_at()) {
    stretches_.back().length = stretches_.back().length + length;
  } else {
    stretches_.push_back({begins, length});
  }
}

void Playout::hold(core::Instant now) {
  if (!held_) held_ = now;
}

/// What had not been played by then is played that much later.
void Playout::resume(core::Instant now) {
  if (!held_) return;
  auto const since = *std::exchange(held_, std::nullopt);
  std::vector<Stretch> moved;
  for (auto const& stretch : stretches_) {
    auto const played = std::clamp(audio::Spoken::from_time(since - stretch.begins), audio::Spoken{0}, stretch.length);
    if (played.samples > 0) moved.push_back({stretch.begins, played});
    if (played < stretch.length) moved.push_back({std::max(stretch.begins, since) + (now - since), stretch.length - played});
  }
  stretches_ = std::move(moved);
}

audio::Spoken Playout::heard(core::Instant now) const {
  now = std::min(now, held_.value_or(now));
  audio::Spoken heard;
  for (auto const& stretch : stretches_) {
    if (now <= stretch.begins) break;
    auto const played = audio::Spoken::from_time(now - stretch.begins);
    heard = heard + std::clamp(played, audio::Spoken{0}, stretch.length);
  }
  return heard;
}

core::Instant Playout::over_at() const {
  if (stretches_.empty()) return core::Instant::min();
  auto const& last = stretches_.back();
  return last.begins + std::chrono::duration_cast<core::Duration>(last.length.time());
}

}  // namespace parley::conversation
