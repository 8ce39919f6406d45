#pragma once
// The last quarter of a minute of the microphone, by position: what an utterance opens with, what the end-of-turn model looks
// at, and what a client commits in which no voice was noticed. Kept as 16-bit samples: a call that only listens stays under a
// megabyte.
#include <cstdint>
#include <span>
#include <vector>

#include "audio/format.hpp"

namespace parley::conversation {

class HeardRing {
 public:
  static constexpr std::int64_t capacity = 15 * audio::heard_hz;

  void push(std::span<float const> samples);
  /// Sound that was lost on the way: silence in its place, so that positions stay those of the microphone.
  void push_silence(std::int64_t samples);

  [[nodiscard]] audio::Heard end() const noexcept { return {end_}; }
  [[nodiscard]] audio::Heard begin() const noexcept { return {end_ - static_cast<std::int64_t>(kept_)}; }
  /// What is still there of [from, to).
  [[nodiscard]] audio::Samples copy(audio::Heard from, audio::Heard to) const;

 private:
  /// The next places in the ring, up to its end: at most `samples` of them.
  std::span<std::int16_t> room(std::int64_t samples);

  std::vector<std::int16_t> samples_;  ///< grows to the capacity, then wraps
  std::size_t kept_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace parley::conversation
