#pragma once
// One answer, from the question to the last sample handed over. It may think before the turn is committed (speculation): until
// `begin` nothing of it leaves, and no more than its first clause is spoken.
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conversation/command.hpp"
#include "conversation/event.hpp"
#include "conversation/heard_text.hpp"
#include "conversation/history.hpp"
#include "conversation/playout.hpp"
#include "measure/turn.hpp"
#include "speech/clause_cutter.hpp"

namespace parley::conversation {

using Commands = std::vector<Command>;

struct ReplyPlan {
  core::ReplyId id;
  std::string response, item;  ///< public ids
  bool speak = true;
  bool outside = false;
  std::map<std::string, std::string> voices;
  std::string language;  ///< of a clause that shows none
  float speed = 1.0F;
  std::map<std::string, std::string> metadata;
};

class Reply {
 public:
  explicit Reply(ReplyPlan plan) : plan_(std::move(plan)) {}

  /// Asks the model.
  void think(language::GenerateRequest request, Commands& out);
  /// Speaks exactly this instead.
  void say(core::Instant now, std::string const& text, Commands& out);
  /// The turn is committed: from now on things leave. `times`: of the user's turn; measured when it has a `user_item`.
  void begin(core::Instant now, std::string previous, measure::Turn times, Commands& out);

  void piece(core::Instant now, language::Piece const& piece, Commands& out);
  void sound(core::Instant now, SoundArrived const& arrived);
  void sound_failed(SoundFailed const& failed);

  /// Asks for the clauses that are due and hands over the sound that may leave. `player_free`: when the player will have played
  /// all it has; moved on by what is handed over.
  void pump(core::Instant now, core::Instant& player_free, Commands& out);

  /// A tool that the model asks for. Its answer tells of it (answering.cpp), from `begin` on.
  struct ToolCall {
    Item item;             ///< no id until it has been told of
    std::size_t told = 0;  ///< bytes of its arguments
    bool whole = false;    ///< all its arguments are there
    bool done = false;     ///< ToolCallDone has been said
  };
  [[nodiscard]] std::vector<ToolCall>& calls() noexcept { return calls_; }
  /// A call is not told of in the same breath as the turn that it answers.
  [[nodiscard]] bool holds_calls(core::Instant now) const noexcept { return now < calls_due_; }

  /// Ends it: the last commands, and the entry as the history is to hold it. Once, after `begin`.
  History::Entry end(core::Instant now, ReplyEnded::Why why, Commands& out);

  [[nodiscard]] ReplyPlan const& plan() const noexcept { return plan_; }
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  [[nodiscard]] bool thinking() const noexcept { return thinking_; }  ///< `think` or `say` has been called
  [[nodiscard]] bool all_handed_over() const;
  /// How an answer ends that nobody stops.
  [[nodiscard]] ReplyEnded::Why ending() const noexcept;
  [[nodiscard]] std::optional<core::Error> const& failure() const noexcept { return failure_; }
  [[nodiscard]] Playout const& playout() const noexcept { return playout_; }
  [[nodiscard]] Playout& playout() noexcept { return playout_; }
  [[nodiscard]] std::string const& text() const noexcept { return text_; }
  [[nodiscard]] std::vector<language::Message> const& messages() const noexcept { return messages_; }
  [[nodiscard]] measure::Turn& times() noexcept { return times_; }
  /// When `pump` has something to do though nothing happens.
  [[nodiscard]] core::Instant wake_at(core::Instant player_free) const;

 private:
  struct Clause {
    std::string text, language;
    bool asked = false, complete = false;
    std::deque<audio::SharedSamples> held;  ///< arrived, not handed over
  };

  void add_text(core::Instant now, std::string const& delta, Commands& out);
  void begin_call(core::Instant now, language::ToolCallBegan const& began);
  void add_clauses(std::vector<std::string> clauses);
  void ask(core::Instant now, core::Instant player_free, Commands& out);
  void hand_over(core::Instant now, audio::SharedSamples const& samples, core::Instant& player_free, Commands& out);
  void first_byte(core::Instant now, Commands& out);
  void report_times(Commands& out);
  [[nodiscard]] std::size_t clauses_in_work() const;
  [[nodiscard]] bool has_untold_call() const;
  [[nodiscard]] std::string voice_for(std::string const& language) const;

  ReplyPlan plan_;
  bool begun_ = false, thinking_ = false, thought_ = false, measured_ = false;
  std::optional<core::Error> failure_;
  language::FinishReason reason_ = language::FinishReason::stop;
  std::optional<language::Grounds> grounds_;
  std::vector<language::Message> messages_;
  language::Usage usage_;
  std::string text_;
  speech::ClauseCutter cutter_;
  std::size_t cut_to_ = 0;  ///< bytes of `text_` that are in clauses
  std::vector<ToolCall> calls_;
  core::Instant calls_due_{};
  std::vector<Clause> clauses_;
  std::size_t asked_ = 0;   ///< clauses that have been asked for (or need not be)
  std::size_t handed_ = 0;  ///< clauses that have been handed over whole
  HeardText sound_;
  Playout playout_;
  measure::Turn times_;
  std::optional<core::Instant> first_token_, first_sample_;
};

}  // namespace parley::conversation
