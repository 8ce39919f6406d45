#pragma once
#include <span>
#include <string_view>

namespace parley::engine {

/// What a voice says while its vocoder is measured: Kokoro symbols of Mandarin sentences for zf_ and zm_ voices, of English
/// ones for all others.
[[nodiscard]] std::span<std::u32string_view const> calibration_text(std::string_view voice) noexcept;

}  // namespace parley::engine
