#pragma once
#include <span>

namespace parley::audio {

/// Root mean square in dBFS (a full-scale square wave is 0); -100 for silence and for nothing.
[[nodiscard]] float level_db(std::span<float const> samples) noexcept;

}  // namespace parley::audio
