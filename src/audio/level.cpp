#include "audio/level.hpp"

#include <algorithm>
#include <cmath>

namespace parley::audio {

float level_db(std::span<float const> samples) noexcept {
  constexpr float silence = -100.0F;
  double energy = 0;
  for (float sample : samples) energy += static_cast<double>(sample) * sample;
  if (samples.empty() || energy <= 0) return silence;
  return std::max(silence, static_cast<float>(10.0 * std::log10(energy / static_cast<double>(samples.size()))));
}

}  // namespace parley::audio
