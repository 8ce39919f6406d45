#include "audio/pcm16.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace parley::audio {

Samples from_pcm16(std::string_view bytes) {
  Samples samples(bytes.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    auto const low = static_cast<std::uint8_t>(bytes[2 * i]);
    auto const high = static_cast<std::uint8_t>(bytes[2 * i + 1]);
    samples[i] = static_cast<float>(static_cast<std::int16_t>(low | (high << 8))) / 32768.0F;
  }
  return samples;
}

std::string to_pcm16(std::span<float const> samples) {
  std::string bytes(samples.size() * 2, '\0');
  for (std::size_t i = 0; i < samples.size(); ++i) {
    float const sample = std::isnan(samples[i]) ? 0.0F : std::clamp(samples[i], -1.0F, 1.0F);
    auto const value = static_cast<std::int16_t>(std::lround(std::min(sample * 32768.0F, 32767.0F)));
    bytes[2 * i] = static_cast<char>(value & 0xFF);
    bytes[2 * i + 1] = static_cast<char>((value >> 8) & 0xFF);
  }
  return bytes;
}

}  // namespace parley::audio
