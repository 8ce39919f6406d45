#pragma once
// The ear of a conversation: finds utterances in the frames, asks for their transcripts and for the end of the turn, and says
// what came of it. It knows nothing of answers and history: what it finds are notices, which conversation.cpp acts upon.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conversation/command.hpp"
#include "conversation/event.hpp"
#include "conversation/ids.hpp"
#include "conversation/overlap.hpp"
#include "conversation/turn_taking.hpp"
#include "core/clock.hpp"
#include "measure/turn.hpp"

namespace parley::conversation {

using Commands = std::vector<Command>;

// ---- notices ------------------------------------------------------------------------------------------------------------

/// Somebody is talking now (SpeechStarted has been said).
struct VoiceBegan {};
/// A voice while an answer is in the air. Whether it means anything is being found out: VoiceBegan or OverlapPassed follows.
struct OverlapBegan {};
/// It meant nothing (or "I am listening"), or is taken for that until more is known: the answer goes on.
struct OverlapPassed {
  Overlapping what = Overlapping::noise;
};
/// The beginning of what is being said, on which two transcripts agree. It may grow.
struct StableWords {
  std::string item;
  std::string text;
  std::string grown;  ///< what is new since the last time; empty when the transcripts have changed their mind
};
/// What a recogniser that listens along has told of the words up to the pause, before its final transcript: perhaps all of
/// them.
struct LikelyWords {
  std::string text;
};
/// The words up to the pause that is going on. The turn may be over, or not.
struct WordsInPause {
  std::string text;
  measure::Turn times;
  core::UtteranceId utterance;
  std::uint64_t revision = 0;
  bool read = false;  ///< the text's end is to be predicted
};
/// The user goes on talking: what was made of the words in the pause is worth nothing.
struct WentOn {};
/// The turn is over. `words` is absent when the transcript is not there yet: TurnWords follows.
struct TurnOver {
  Item item;
  std::optional<core::Result<std::string>> words;
  bool by_client = false;  ///< by CommitAsked, which asks for no answer
  measure::Turn times;
};
struct TurnWords {
  std::string item;
  core::Result<std::string> words;
  audio::Heard length;
  bool by_client = false;
  measure::Turn times;
};
/// There were no words in it: a cough, a door.
struct TurnDropped {};

using Notice = std::variant<VoiceBegan, OverlapBegan, OverlapPassed, StableWords, LikelyWords, WordsInPause, WentOn, TurnOver,
                            TurnWords, TurnDropped>;
using Notices = std::vector<Notice>;

// ---- the ear ----------------------------------------------------------------------------------------------------------------

/// What goes on around a frame.
struct Surroundings {
  bool guarded = false;  ///< an answer is in the air: a voice is an overlap until it is known what it is
  Milliseconds left{};   ///< of the answer, still to be played
  std::string said;      ///< the answer's text; needed while there is an overlap
};

class Hearing {
 public:
  Notices frame(core::Instant now, FrameHeard const& frame, TurnTaking const& rule, Surroundings around, Ids& ids,
                Commands& out);
  Notices transcript(core::Instant now, TranscriptArrived const& arrived, TurnTaking const& rule, Commands& out);
  Notices prediction(core::Instant now, EndPredicted const& predicted, TurnTaking const& rule, Commands& out);
  Notices text_prediction(core::Instant now, TextEndPredicted const& predicted, TurnTaking const& rule, Commands& out);
  /// Time has passed: a stream that has dried up counts as a pause, a transcript that never comes as failed.
  Notices wake(core::Instant now, TurnTaking const& rule, Commands& out);

  /// What the answer before has asked for.
  void expect(Expected expected) noexcept { expected_ = expected; }

  /// The client ends the turn; everything since the last one is its sound. Refused when that is next to nothing.
  core::Result<Notices> commit(core::Instant now, Ids& ids, Commands& out);
  /// What was heard since the last turn is thrown away. True when an utterance was open.
  bool clear(Commands& out);
  /// The rule has changed; turns that only the client ends are not announced.
  void rule_changed(TurnTaking const& rule, Commands& out);
  void hang_up(Commands& out);

  [[nodiscard]] core::Instant wake_at(TurnTaking const& rule) const;
  [[nodiscard]] bool voice() const noexcept { return utterance_ && utterance_->announced; }
  /// Nobody talks; a voice into an answer; somebody talks; he pauses.
  enum class State { quiet, overlap, speech, pause };
  [[nodiscard]] State state() const noexcept {
    if (!utterance_) return State::quiet;
    if (utterance_->tentative) return State::overlap;
    return utterance_->in_pause ? State::pause : State::speech;
  }
  [[nodiscard]] bool overlap() const noexcept { return utterance_ && utterance_->tentative; }
  [[nodiscard]] bool awaits_words() const noexcept { return !awaiting_.empty(); }
  [[nodiscard]] audio::Heard position() const noexcept { return end_; }
  [[nodiscard]] audio::Heard turn_from() const noexcept { return turn_from_; }
  /// What follows belongs to the next turn.
  void begin_turn() noexcept { turn_from_ = end_; }

 private:
  struct Utterance {
    core::UtteranceId id;
    std::string item;
    audio::Heard from;
    bool announced = false;  ///< SpeechStarted has been said
    bool tentative = false;  ///< an overlap: it will be announced or thrown away
    bool in_pause = false;   ///< the pause is long enough to have been looked at
    std::uint64_t revision = 0;
    std::optional<core::Result<std::string>> words;  ///< of this revision
    std::optional<float> finished;
    bool predicting = false, predictor_failed = false;
    std::optional<float> text_finished;
    bool reading = false;  ///< the text's end is being predicted
    Milliseconds next_prediction{};
    std::vector<std::pair<std::uint64_t, audio::Heard>> asks;  ///< revision → its sound, of the last few
    audio::Heard asked_to;                                     ///< the newest transcript asked for is of the sound before this
    std::optional<std::string> partial;                        ///< newest transcript that was not asked for in a pause
    audio::Heard partial_to;                                   ///< of the sound before this
    std::string interim;                                       ///< newest words that were told unasked
    audio::Heard interim_at;                                   ///< they came when so much had been heard
    std::string stable;                                        ///< its beginning that can be relied on
    std::string told;                                          ///< as much of that as was said to have grown
    core::Instant overlap_since, weigh_at = core::never;
    int overlap_asks = 0;
    bool passed = false;  ///< OverlapPassed has been said; it is listened to further
    float level_sum = 0;
    int level_frames = 0;
    std::optional<core::Instant> last_voice, pause_seen, words_there;
    measure::Turn::Work work;
  };
  /// Committed, but its transcript is not there.
  struct Awaiting {
    core::UtteranceId id;
    std::uint64_t revision = 0;
    std::string item;
    audio::Heard length;
    bool by_client = false;
    core::Instant deadline;
    measure::Turn times;
  };

  void open(audio::Heard from, bool announced, Ids& ids, Commands& out);
  void announce(Notices& notices, Commands& out);
  void ask(core::Urgency urgency, Commands& out);
  void ask_while_talking(Commands& out);
  void weigh(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out);
  [[nodiscard]] bool wants_overlap_words(Overlap const& overlap) const;
  void take_partial(std::uint64_t revision, std::string text, Notices& notices);
  void take_interim(std::string text, Notices& notices);
  void tell_growth(std::string_view before, std::string_view now, Notices& notices);
  void went_on(Notices& notices);
  void begins(core::Instant now, TurnTaking const& rule, Ids& ids, Notices& notices, Commands& out);
  void look_at_pause(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out);
  void take_words(core::Instant now, core::Result<std::string> words, TurnTaking const& rule, Notices& notices);
  void predict(Milliseconds pause, Commands& out);
  void consider(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out);
  void finish(core::Instant now, bool by_client, Notices& notices, Commands& out);
  [[nodiscard]] Milliseconds pause_length(core::Instant now) const;
  [[nodiscard]] static measure::Turn times_of(Utterance const& utterance);

  VoiceTracker tracker_;
  std::optional<Utterance> utterance_;
  std::vector<Awaiting> awaiting_;
  audio::Heard end_;        ///< of what was heard
  audio::Heard turn_from_;  ///< what was heard since then belongs to the next turn
  core::Instant last_frame_{};
  Milliseconds considered_{};  ///< length of the pause when it was last thought about
  Surroundings around_;
  PauseHabit habit_;
  Expected expected_ = Expected::anything;
  std::optional<audio::Heard> turn_ended_;  ///< last voice of a turn that was taken to be over
  audio::Heard thought_from_;               ///< where what is being said began: an utterance, or one that was cut off before it
  float usual_level_ = 0;                   ///< of this speaker's voice, dBFS; 0: not known
};

}  // namespace parley::conversation
