#pragma once
// Monotonic time inside Parley. Values (the conversation, codecs) never read a clock: they are told the time.
#include <chrono>

namespace parley::core {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Duration = Clock::duration;

inline constexpr Instant never = Instant::max();

}  // namespace parley::core
