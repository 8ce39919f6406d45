#pragma once
// The playout clock: what a player that plays in real time has played of an answer. Sound is handed over faster than that.
#include <optional>
#include <vector>

#include "audio/format.hpp"
#include "core/clock.hpp"

namespace parley::conversation {

class Playout {
 public:
  /// `player_free`: when the player has played all it was given before (by any answer); the sound begins then, or now if that
  /// is past.
  void hand_over(core::Instant now, core::Instant player_free, audio::Spoken length);

  /// The player stops where it is, and goes on from that very sample.
  void hold(core::Instant now);
  void resume(core::Instant now);

  [[nodiscard]] audio::Spoken handed_over() const noexcept { return handed_over_; }
  /// Never more than was handed over.
  [[nodiscard]] audio::Spoken heard(core::Instant now) const;
  /// When the last sample has been played; the distant past when there is none.
  [[nodiscard]] core::Instant over_at() const;

 private:
  struct Stretch {  // played without a gap
    core::Instant begins;
    audio::Spoken length;
  };
  std::vector<Stretch> stretches_;
  std::optional<core::Instant> held_;  ///< since when
  audio::Spoken handed_over_;
};

}  // namespace parley::conversation
