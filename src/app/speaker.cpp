#include "app/speaker.hpp"

#include <algorithm>
#include <chrono>

namespace parley::app {

void Speaker::play(core::Instant now, std::span<float const> samples) {
  if (ends_ < now) {
    constexpr std::size_t breath = audio::spoken_hz * 3 / 10;
    if (!heard_.empty()) heard_.resize(heard_.size() + breath);
    ends_ = now;
  }
  heard_.insert(heard_.end(), samples.begin(), samples.end());
  ends_ += audio::Spoken{static_cast<std::int64_t>(samples.size())}.time();
}

void Speaker::stop(core::Instant now) {
  if (ends_ <= now) return;
  auto const unheard = static_cast<std::size_t>(audio::Spoken::from_time(ends_ - now).samples);
  heard_.resize(heard_.size() - std::min(unheard, heard_.size()));
  ends_ = now;
}

}  // namespace parley::app
