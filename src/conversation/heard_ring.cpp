#include "conversation/heard_ring.hpp"

#include <algorithm>
#include <cmath>

namespace parley::conversation {
namespace {
constexpr float full_scale = 32767.0F;
}

std::span<std::int16_t> HeardRing::room(std::int64_t samples) {
  auto const at = static_cast<std::size_t>(end_ % capacity);
  auto const count = static_cast<std::size_t>(std::min(samples, capacity - static_cast<std::int64_t>(at)));
  if (at + count > samples_.size()) {
    // By halves and never beyond the ring: a vector left to itself would double.
    auto const most = static_cast<std::size_t>(capacity);
    if (at + count > samples_.capacity()) samples_.reserve(std::min(most, std::max(at + count, samples_.size() * 3 / 2)));
    samples_.resize(at + count);
  }
  kept_ = std::min(kept_ + count, static_cast<std::size_t>(capacity));
  end_ += static_cast<std::int64_t>(count);
  return std::span(samples_).subspan(at, count);
}

void HeardRing::push(std::span<float const> samples) {
  while (!samples.empty()) {
    auto const places = room(static_cast<std::int64_t>(samples.size()));
    std::ranges::transform(samples.first(places.size()), places.begin(), [](float s) {
      auto const safe = std::isfinite(s) ? std::clamp(s, -1.0F, 1.0F) : 0.0F;
      return static_cast<std::int16_t>(std::lrint(safe * full_scale));
    });
    samples = samples.subspan(places.size());
  }
}

void HeardRing::push_silence(std::int64_t samples) {
  // Of a long loss only the last of it can be kept, and `end_` must stay in step with the place in the ring.
  auto const skipped = std::max<std::int64_t>(0, samples - capacity);
  if (skipped > 0) {
    samples_.resize(static_cast<std::size_t>(capacity));
    end_ += skipped;
  }
  for (auto left = samples - skipped; left > 0;) {
    auto const places = room(left);
    std::ranges::fill(places, std::int16_t{0});
    left -= static_cast<std::int64_t>(places.size());
  }
}

audio::Samples HeardRing::copy(audio::Heard from, audio::Heard to) const {
  auto const first = std::max(from, begin()).samples;
  auto const last = std::min(to, end()).samples;
  audio::Samples out;
  if (first >= last) return out;
  out.reserve(static_cast<std::size_t>(last - first));
  for (auto i = first; i < last; ++i) {
    out.push_back(static_cast<float>(samples_[static_cast<std::size_t>(i % capacity)]) / full_scale);
  }
  return out;
}

}  // namespace parley::conversation
