#pragma once
// The call itself, as a value: (time, event) in, commands out. It does no I/O, has no threads and reads no clock, so a list of
// (time, event) replays a call exactly. hearing.hpp finds the user's turns, answering.hpp makes the answers, history.hpp
// remembers; here they meet. The Realtime protocol's rules that it keeps are those of its events (event.hpp) and commands
// (command.hpp).
//
// Times given to `on` must not go back. One thread at a time.
#include <cstdint>
#include <vector>

#include "conversation/answering.hpp"
#include "conversation/command.hpp"
#include "conversation/event.hpp"
#include "conversation/hearing.hpp"
#include "conversation/history.hpp"
#include "conversation/ids.hpp"
#include "core/clock.hpp"

namespace parley::conversation {

class Conversation {
 public:
  /// `seed`: of the ids it gives; the same seed and events give the same commands.
  Conversation(Settings settings, std::uint64_t seed) : settings_(std::move(settings)), ids_(seed) {}

  /// A SettingsChanged as the first event lets the model read the instructions before anybody speaks.
  std::vector<Command> on(core::Instant now, Event const& event);

  /// When it wants to be told Woken if nothing happens before; `core::never` when it does not.
  [[nodiscard]] core::Instant wake_at() const;

  /// Where it stands, for those who look on (docs/conversation_states.md).
  [[nodiscard]] Hearing::State ear() const noexcept { return hearing_.state(); }
  [[nodiscard]] Answering::State mouth(core::Instant now) const noexcept { return answering_.state(now); }

  [[nodiscard]] History const& history() const noexcept { return history_; }

 private:
  void handle(Moment& moment, FrameHeard const& frame);
  void handle(Moment& moment, SettingsChanged const& changed);
  void handle(Moment& moment, CommitAsked const&);
  void handle(Moment& moment, ClearAsked const&);
  void handle(Moment& moment, ItemAdded const& added);
  void handle(Moment& moment, ItemDeleted const& deleted);
  void handle(Moment& moment, ItemTruncated const& truncated);
  void handle(Moment& moment, ReplyAsked const& asked);
  void handle(Moment& moment, ReplyCancelled const& cancelled);
  void handle(Moment& moment, ToolAnswered const& answered);
  void handle(Moment& moment, EndAsked const&);
  void handle(Moment& moment, HungUp const&);
  void handle(Moment& moment, TranscriptArrived const& arrived);
  void handle(Moment& moment, EndPredicted const& predicted);
  void handle(Moment& moment, TextEndPredicted const& predicted);
  void handle(Moment& moment, PieceArrived const& arrived);
  void handle(Moment& moment, SoundArrived const& arrived);
  void handle(Moment& moment, SoundFailed const& failed);
  void handle(Moment& moment, Woken const&);

  void act_on(Moment& moment, Notices const& notices);
  void notice(Moment& moment, VoiceBegan const&);
  void notice(Moment& moment, OverlapBegan const&);
  void notice(Moment& moment, OverlapPassed const&);
  void notice(Moment& moment, StableWords const& words);
  void notice(Moment& moment, LikelyWords const& words);
  void notice(Moment& moment, WordsInPause const& words);
  void notice(Moment& moment, WentOn const&);
  void notice(Moment& moment, TurnOver const& over);
  void notice(Moment& moment, TurnWords const& words);
  void notice(Moment& moment, TurnDropped const&);

  void speculate(Moment& moment, std::string const& words, int& so_far);
  bool add_item(Moment& moment, Item item, std::string const& after);
  void add_turn(Moment& moment, History::Entry entry);
  void take_words(Moment& moment, std::string const& item, core::Result<std::string> const& words, audio::Heard length,
                  bool by_client, measure::Turn const& times);
  void answer_if_due(Moment& moment);
  void speak_first_if_idle(Moment& moment);
  void end_if_asked(Moment& moment);
  [[nodiscard]] bool ear_rests() const noexcept;
  [[nodiscard]] core::Instant idle_at() const;
  [[nodiscard]] bool answers_turns() const noexcept;

  Settings settings_;
  Ids ids_;
  Hearing hearing_;
  History history_;
  Answering answering_;
  std::optional<measure::Turn> owed_;             ///< a turn of the user's that has no answer yet
  std::optional<measure::Turn> interrupted_;      ///< the turn whose answer the voice stopped before anything was heard of it
  std::optional<measure::Turn> unasked_;          ///< the last turn for which the client has to ask an answer
  core::Instant stirred_ = core::Instant::min();  ///< when the user was last known to talk
  int speculations_ = 0;                          ///< in this utterance, on final transcripts
  int guesses_ = 0;                               ///< and on likely words
  int idle_prompts_ = 0;                          ///< since somebody last spoke
  bool ending_ = false, over_ = false;            ///< EndAsked has come; CallOver has been said
  bool hung_up_ = false;
};

}  // namespace parley::conversation
