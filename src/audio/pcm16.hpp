#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "audio/format.hpp"

namespace parley::audio {

/// Little-endian signed 16-bit samples, as on the wire. An odd last byte is ignored.
[[nodiscard]] Samples from_pcm16(std::string_view bytes);
/// Clamps to [-1, 1]; not-a-number becomes silence.
[[nodiscard]] std::string to_pcm16(std::span<float const> samples);

}  // namespace parley::audio
