#pragma once
// The rule of taking turns, and nothing else: when a voice begins, when a pause is looked at, when a turn is over. Whoever
// wants another rule changes this file. (A voice while an answer is in the air: overlap.hpp.)
#include <array>
#include <optional>
#include <string_view>

#include "audio/format.hpp"
#include "conversation/said_words.hpp"
#include "conversation/settings.hpp"

namespace parley::conversation {

// Frames are 32 ms.
inline constexpr int onset_frames = 3;          ///< so many frames of voice are speech
inline constexpr int resuming_frames = 2;       ///< so many end a pause: one frame is a click
inline constexpr float hysteresis = 0.15F;      ///< a voice that is there goes on at this much less than the threshold
inline constexpr Milliseconds early_look{64};   ///< of a pause: the transcript is begun here, long before anything is decided
inline constexpr Milliseconds look_again{400};  ///< the end-of-turn model is asked again after so much more of a pause

/// Follows the voice through the frames.
class VoiceTracker {
 public:
  enum class Change { none, began, resumed };

  /// `from`–`end`: the frame.
  Change hear(TurnTaking const& rule, audio::Heard from, audio::Heard end, float voice);
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

/// How long this speaker pauses inside his turns: learned from the pauses after which he went on, those among them that were
/// taken for the end (he was cut off).
class PauseHabit {
 public:
  void went_on(Milliseconds pause, bool was_cut_off);
  /// Four of five of his pauses are shorter; nothing before there were three.
  [[nodiscard]] Milliseconds usual() const;
  [[nodiscard]] bool was_cut_off() const noexcept { return cut_off_ > 1; }  ///< once is chance

 private:
  std::array<Milliseconds, 16> pauses_{};
  std::size_t count_ = 0;
  int cut_off_ = 0;
};

/// What is known of a pause.
struct Pause {
  Milliseconds length{};
  bool words = false;                       ///< the transcript is there (or has failed)
  std::optional<float> finished;            ///< the end-of-turn model's P(finished)
  bool model_failed = false;                ///< the end-of-turn model cannot say
  bool reading = false;                     ///< the language model is still reading the transcript
  std::optional<float> text_finished = {};  ///< its word: language::ModelTextEnd
  std::string_view text = {};               ///< the transcript
  Expected expected = Expected::anything;
  PauseHabit const* habit = nullptr;
};

/// Kind semantic: how likely the turn is over, from the model's word, the text's end and what was asked; in [0, 1]. The role's
/// eagerness (TurnTaking::finished) moves it: at the probability that the role asks for it is one half.
[[nodiscard]] float probability_of_end(TurnTaking const& rule, Pause const& pause);
/// Kind semantic: the length of the pause at which the turn is over, if nothing else becomes known. Zero: now.
[[nodiscard]] Milliseconds wait_at(TurnTaking const& rule, float probability, Pause const& pause);

[[nodiscard]] bool turn_is_over(TurnTaking const& rule, Pause const& pause);

/// The length of a pause at which the transcript is asked for; none when only the client ends turns.
[[nodiscard]] std::optional<Milliseconds> first_look(TurnTaking const& rule);

/// The next length after `now` at which something is due even if nothing else happens.
[[nodiscard]] std::optional<Milliseconds> next_moment(TurnTaking const& rule, Milliseconds now);

}  // namespace parley::conversation
