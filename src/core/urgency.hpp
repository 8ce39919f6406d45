#pragma once
#include <cstdint>

namespace parley::core {

/// What a piece of heavy work is for; the arbiter runs the smallest first. The order is decision 3 of ARCHITECTURE.md.
enum class Urgency : std::uint8_t {
  running_dry,       // speech that is being heard would stop
  first_sound,       // somebody waits for the first sound of an answer
  final_transcript,  // somebody has just stopped talking
  partial,           // somebody is still talking
  text,              // text serving
  background,        // calibration, training, warming
};
inline constexpr int urgency_levels = 6;

}  // namespace parley::core
