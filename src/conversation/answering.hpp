#pragma once
// The answers of a conversation: the one that belongs to it (at most one at a time, perhaps still a speculation), those that
// clients ask for outside of it, and the sound that is still being played.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conversation/history.hpp"
#include "conversation/ids.hpp"
#include "conversation/reply.hpp"

namespace parley::conversation {

/// What every step of a conversation works with.
struct Moment {
  core::Instant now;
  Settings const& settings;
  History& history;
  Ids& ids;
  Commands& out;
};

class Answering {
 public:
  /// The answer to what the user has said so far, before it is certain that it is all.
  void speculate(Moment& moment, std::string const& words);
  /// What that answer asks the model.
  [[nodiscard]] static language::GenerateRequest request_after(Moment const& moment, std::string const& words);
  /// What has not begun never will.
  void withdraw(Moment& moment);
  /// Whether the answer to these words is being made already. Marks aside: a recogniser that listens along sets them late.
  [[nodiscard]] bool speculates_on(std::string_view words) const;
  /// The turn is over and in the history: the speculation begins if it was for these words, else a new answer.
  void answer(Moment& moment, measure::Turn times);
  /// A client asks. `words_coming`: it has to wait for the transcript of a turn that is committed.
  core::Result<void> ask(Moment& moment, ReplyOverrides overrides, measure::Turn times, bool words_coming);
  /// The transcripts are there: what waited for them thinks now.
  void words_there(Moment& moment);
  void stamp_words(std::string const& user_item, measure::Turn const& times);

  /// A voice stops whatever is in the air. When an automatic answer was stopped before anything
  /// of it was heard: the turn that it was for.
  std::optional<measure::Turn> interrupt(Moment& moment);
  /// A voice that may yet be an interruption: the player stops where it is.
  void hold(Moment& moment);
  /// It was none: the player goes on.
  void resume(Moment& moment);
  [[nodiscard]] bool held() const noexcept { return held_.has_value(); }
  /// The text of what is in the air.
  [[nodiscard]] std::string saying(History const& history) const;
  /// How long what has been handed over will still play.
  [[nodiscard]] core::Duration left(core::Instant now) const;

  core::Result<void> cancel(Moment& moment, std::optional<std::string> const& response);
  /// The client's player says how much was heard.
  void truncate(Moment& moment, ItemTruncated const& report);
  /// Ends the answer that this item is being written by, if there is one.
  void stop_writing(Moment& moment, std::string const& item);
  void hang_up(Moment& moment);

  /// The result of a tool is in the history. True when it was the last that an answer waits for.
  bool tool_answered(std::string const& call_id);
  [[nodiscard]] bool awaits_tool(std::string const& call_id) const { return open_calls_.contains(call_id); }

  void piece(Moment& moment, PieceArrived const& arrived);
  void sound(Moment& moment, SoundArrived const& arrived);
  void sound_failed(Moment& moment, SoundFailed const& failed);
  /// Asks for and hands over what is due; ends what is over.
  void settle(Moment& moment);

  /// Nothing; an answer is prepared that may never be given; one is being given; the rest of one is being played; the player is
  /// held.
  enum class State { silent, ahead, answering, playing, held };
  [[nodiscard]] State state(core::Instant now) const noexcept {
    if (held()) return State::held;
    if (busy()) return State::answering;
    if (speculating()) return State::ahead;
    return player_free_ > now ? State::playing : State::silent;
  }
  /// An answer that belongs to the conversation has begun and not ended.
  [[nodiscard]] bool busy() const noexcept { return current_ && current_->reply.begun(); }
  /// Somebody listens, or waits for an answer that is under way.
  [[nodiscard]] bool in_the_air(core::Instant now) const noexcept { return busy() || held() || player_free_ > now; }
  [[nodiscard]] bool speculating() const noexcept { return current_ && !current_->reply.begun(); }
  /// When the last answer was over for the listener; nothing while one is under way or before the first.
  [[nodiscard]] std::optional<core::Instant> quiet_since() const;
  /// When all that is under way will have been heard to its end; `core::never` while that cannot be said.
  [[nodiscard]] core::Instant rests_from() const;
  [[nodiscard]] core::Instant wake_at() const;

 private:
  struct Running {
    Reply reply;
    ReplyOverrides overrides;
    bool waits_for_words = false;
    bool automatic = false;  ///< nobody has asked for it: it answers a turn
  };
  struct Playing {  // ended, but not played to its end
    std::string item;
    Playout playout;
  };

  static Reply make(Moment& moment, ReplyOverrides const& overrides);
  static void start(Moment& moment, Running& running);
  void begin(Moment& moment, Running& running, measure::Turn times);
  void end(Moment& moment, ReplyEnded::Why why);
  static void tell_calls(Moment& moment, Reply& reply);
  static void finish_call(Moment& moment, Reply const& reply, Reply::ToolCall& call, ItemStatus status);
  static History::Entry finish(Moment& moment, Reply& reply, ReplyEnded::Why why);
  [[nodiscard]] static language::GenerateRequest request(Moment const& moment, ReplyOverrides const& overrides,
                                                         std::vector<language::Message> messages);
  [[nodiscard]] Reply* find(core::ReplyId id);

  std::optional<Running> current_;
  std::vector<Running> outside_;
  std::vector<Playing> playing_;
  std::set<std::string> open_calls_;  ///< asked for by answers that have ended, without a result
  core::Instant player_free_ = core::Instant::min();
  std::optional<core::Instant> ended_, held_;
  int answers_ = 0, answers_wasted_ = 0;  ///< begun since a turn was last answered, and thrown away of these
  bool history_is_news_ = false;          ///< to the model: an answer has ended since it was last prepared
};

}  // namespace parley::conversation
