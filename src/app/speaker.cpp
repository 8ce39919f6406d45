#include "app/speaker.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::app {

core::Instant Speaker::play(core::Instant now, std::span<float const> samples) {
  now = held_.value_or(now);
  if (ends_ < now) {
    constexpr std::size_t breath = audio::spoken_hz * 3 / 10;
    if (!heard_.empty()) heard_.resize(heard_.size() + breath);
    ends_ = now;
  }
  auto const begins = ends_;
  heard_.insert(heard_.end(), samples.begin(), samples.end());
  ends_ += audio::Spoken{static_cast<std::int64_t>(samples.size())}.time();
  return begins;
}

void Speaker::hold(core::Instant now) {
  if (!held_) held_ = now;
}

void Speaker::resume(core::Instant now) {
  if (held_ && ends_ > *held_) ends_ += now - *held_;
  held_.reset();
}

void Speaker::stop(core::Instant now) {
  now = std::exchange(held_, std::nullopt).value_or(now);
  if (ends_ <= now) return;
  auto const unheard = static_cast<std::size_t>(audio::Spoken::from_time(ends_ - now).samples);
  heard_.resize(heard_.size() - std::min(unheard, heard_.size()));
  ends_ = now;
}

}  // namespace parley::app
