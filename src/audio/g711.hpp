#pragma once
// ITU-T G.711: the two codecs of telephone networks, one byte a sample at 8 kHz.
#include <span>
#include <string>
#include <string_view>

#include "audio/format.hpp"

namespace parley::audio {

inline constexpr int telephone_hz = 8000;

enum class G711 { mu_law, a_law };

[[nodiscard]] Samples from_g711(std::string_view bytes, G711 law);
/// Clamps to [-1, 1]; not-a-number becomes silence.
[[nodiscard]] std::string to_g711(std::span<float const> samples, G711 law);

}  // namespace parley::audio
