#include "audio/g711.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace parley::audio {
namespace {

// Both laws are eight segments of sixteen steps, each segment twice as coarse as the one before. Magnitudes are those of a
// 16-bit sample.
constexpr int mu_bias = 132;  // G.711's 33, at 16 bits
constexpr int mu_most = 32635;

int from_mu(std::uint8_t byte) {
  unsigned const code = static_cast<std::uint8_t>(~byte);
  int const segment = static_cast<int>((code >> 4U) & 7U);
  int const magnitude = ((static_cast<int>(code & 15U) << 3) + mu_bias) << segment;
  return (code & 0x80U) != 0 ? mu_bias - magnitude : magnitude - mu_bias;
}

std::uint8_t to_mu(int sample) {
  unsigned const sign = sample < 0 ? 0x80U : 0U;
  auto const magnitude = static_cast<unsigned>(std::min(std::abs(sample), mu_most) + mu_bias);
  auto const segment = static_cast<unsigned>(std::bit_width(magnitude)) - 8U;
  return static_cast<std::uint8_t>(~(sign | (segment << 4U) | ((magnitude >> (segment + 3U)) & 15U)));
}

int from_a(std::uint8_t byte) {
  unsigned const code = byte ^ 0x55U;
  int const segment = static_cast<int>((code >> 4U) & 7U);
  int magnitude = (static_cast<int>(code & 15U) << 4) + 8;
  if (segment > 0) magnitude = (magnitude + 256) << (segment - 1);
  return (code & 0x80U) != 0 ? magnitude : -magnitude;
}

std::uint8_t to_a(int sample) {
  unsigned const sign = sample >= 0 ? 0x80U : 0U;
  auto const magnitude = static_cast<unsigned>(std::min(sample >= 0 ? sample : -sample - 1, 32767));
  unsigned const segment = magnitude < 256 ? 0U : static_cast<unsigned>(std::bit_width(magnitude)) - 8U;
  unsigned const step = (segment == 0 ? magnitude >> 4U : magnitude >> (segment + 3U)) & 15U;
  return static_cast<std::uint8_t>((sign | (segment << 4U) | step) ^ 0x55U);
}

}  // namespace

Samples from_g711(std::string_view bytes, G711 law) {
  Samples samples;
  samples.reserve(bytes.size());
  for (char const c : bytes) {
    auto const byte = static_cast<std::uint8_t>(c);
    samples.push_back(static_cast<float>(law == G711::mu_law ? from_mu(byte) : from_a(byte)) / 32768.0F);
  }
  return samples;
}

std::string to_g711(std::span<float const> samples, G711 law) {
  std::string bytes;
  bytes.reserve(samples.size());
  for (float const sample : samples) {
    float const clean = std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F;
    auto const value = static_cast<int>(std::lround(clean * 32767.0F));
    bytes += static_cast<char>(law == G711::mu_law ? to_mu(value) : to_a(value));
  }
  return bytes;
}

}  // namespace parley::audio
