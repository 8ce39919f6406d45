#include "conversation/playout.hpp"

#include <algorithm>

namespace parley::conversation {

void Playout::hand_over(core::Instant now, core::Instant player_free, audio::Spoken length) {
  if (length.samples <= 0) return;
  handed_over_ = handed_over_ + length;
  auto const begins = std::max(now, player_free);
  if (!stretches_.empty() && begins <= over_at()) {
    stretches_.back().length = stretches_.back().length + length;
  } else {
    stretches_.push_back({begins, length});
  }
}

audio::Spoken Playout::heard(core::Instant now) const {
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
