#pragma once
// Where the answers of `parley call` go: a sound card, or nowhere but the recording. Both keep what was really played.
#include <optional>
#include <span>

#include "audio/format.hpp"
#include "core/clock.hpp"

namespace parley::app {

/// A loudspeaker that plays in real time from the moment it is handed sound. It makes no noise itself; it knows what would have
/// been heard by now, which is what the recording of a call holds. One thread at a time.
class Speaker {
 public:
  /// Plays after what is still playing, or now; returns when it begins.
  core::Instant play(core::Instant now, std::span<float const> samples);
  /// Silence at once: what has not been played is thrown away.
  void stop(core::Instant now);

  /// Silence at once, and later on from the very sample.
  void hold(core::Instant now);
  void resume(core::Instant now);

  [[nodiscard]] bool playing(core::Instant now) const { return held_ || now < ends_; }
  /// All that was played, 24 kHz; a breath of silence between two stretches.
  [[nodiscard]] audio::Samples const& heard() const { return heard_; }

 private:
  audio::Samples heard_;
  core::Instant ends_{};
  std::optional<core::Instant> held_;  ///< since when
};

}  // namespace parley::app
