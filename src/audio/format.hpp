#pragma once
// Sound inside Parley is mono 32-bit float in [-1, 1]. Two rates exist: what is heard (recognisers, voice activity) and what
// is spoken (synthesisers, the wire of the Realtime protocol). A position is a count of samples with its rate in the type.
#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <vector>

namespace parley::audio {

using Samples = std::vector<float>;
using SharedSamples = std::shared_ptr<Samples const>;

inline constexpr int heard_hz = 16000;
inline constexpr int spoken_hz = 24000;

template <int RateHz>
struct Position {
  std::int64_t samples = 0;

  auto operator<=>(Position const&) const = default;
  [[nodiscard]] constexpr std::chrono::nanoseconds time() const {
    return std::chrono::nanoseconds(samples * 1'000'000'000 / RateHz);
  }
  [[nodiscard]] constexpr std::int64_t ms() const { return samples * 1000 / RateHz; }
  [[nodiscard]] static constexpr Position from_ms(std::int64_t ms) { return {ms * RateHz / 1000}; }
  [[nodiscard]] static constexpr Position from_time(std::chrono::nanoseconds t) {
    return {t.count() / 1000 * RateHz / 1'000'000};
  }
  constexpr Position operator+(Position other) const { return {samples + other.samples}; }
  constexpr Position operator-(Position other) const { return {samples - other.samples}; }
};

using Heard = Position<heard_hz>;    ///< in the microphone's stream, from the start of the call
using Spoken = Position<spoken_hz>;  ///< in the sound of one reply, from its start

}  // namespace parley::audio
