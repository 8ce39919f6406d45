#pragma once
// The rule of taking turns, and nothing else: when a voice begins, when a pause is looked at, when a turn is over. Whoever
// wants another rule changes this file.
#include <optional>

#include "audio/format.hpp"
#include "conversation/settings.hpp"

namespace parley::conversation {

// Frames are 32 ms.
inline constexpr int onset_frames = 3;          ///< so many frames of voice are speech
inline constexpr int interrupting_frames = 7;   ///< so many while an answer is in the air: 220 ms, a cough is shorter
inline constexpr int resuming_frames = 2;       ///< so many end a pause: one frame is a click
inline constexpr float hysteresis = 0.15F;      ///< a voice that is there goes on at this much less than the threshold
inline constexpr Milliseconds look_again{400};  ///< the end-of-turn model is asked again after so much more of a pause

/// Follows the voice through the frames.
class VoiceTracker {
 public:
  enum class Change { none, began, resumed };

  /// `from`–`end`: the frame; `frames_to_begin`: how much voice it takes to be speech.
  Change hear(TurnTaking const& rule, audio::Heard from, audio::Heard end, float voice, int frames_to_begin);
  /// The pause is being looked at: from now on it takes `resuming_frames` of voice to end it.
  void pause_seen() noexcept;
  /// The utterance is over.
  void forget() noexcept { *this = {}; }

  [[nodiscard]] bool in_speech() const noexcept { return in_speech_; }
  [[nodiscard]] audio::Heard began() const noexcept { return began_; }            ///< start of the first voiced frame
  [[nodiscard]] audio::Heard last_voice() const noexcept { return last_voice_; }  ///< end of the last voiced frame

 private:
  bool in_speech_ = false;
  bool in_pause_ = false;
  int score_ = 0;  ///< voiced frames less the unvoiced ones among them
  audio::Heard began_, last_voice_;
};

/// What is known of a pause.
struct Pause {
  Milliseconds length{};
  bool words = false;             ///< the transcript is there (or has failed)
  std::optional<float> finished;  ///< the end-of-turn model's P(finished)
  bool model_failed = false;      ///< the end-of-turn model cannot say
};

[[nodiscard]] bool turn_is_over(TurnTaking const& rule, Pause const& pause);

/// The length of a pause at which transcript and end-of-turn model are asked; none when only the client ends turns.
[[nodiscard]] std::optional<Milliseconds> first_look(TurnTaking const& rule);

/// The next length after `now` at which something is due even if nothing else happens.
[[nodiscard]] std::optional<Milliseconds> next_moment(TurnTaking const& rule, Milliseconds now);

}  // namespace parley::conversation
