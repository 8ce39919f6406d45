#include "conversation/heard_ring.hpp"

#include <algorithm>
#include <cmath>

namespace parley::conversation {
namespace {
constexpr float full_scale = 32767.0F;
}

void HeardRing::put(std::int16_t sample) {
  auto const at = static_cast<std::size_t>(end_ % capacity);
  if (at >= samples_.size()) samples_.resize(at + 1);
  samples_[at] = sample;
  kept_ = std::min(kept_ + 1, static_cast<std::size_t>(capacity));
  ++end_;
}

void HeardRing::push(std::span<float const> samples) {
  for (float s : samples) {
    auto const safe = std::isfinite(s) ? std::clamp(s, -1.0F, 1.0F) : 0.0F;
    put(static_cast<std::int16_t>(std::lrint(safe * full_scale)));
  }
}

void HeardRing::push_silence(std::int64_t samples) {
  // Of a long loss only the last half minute can be kept, and `end_` must stay in step with the place in the ring.
  auto const skipped = std::max<std::int64_t>(0, samples - capacity);
  if (skipped > 0) {
    samples_.resize(static_cast<std::size_t>(capacity));
    end_ += skipped;
  }
  for (std::int64_t i = skipped; i < samples; ++i) put(0);
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
