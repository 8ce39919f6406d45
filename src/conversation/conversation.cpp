#include "conversation/conversation.hpp"

#include <algorithm>

#include "conversation/words.hpp"

namespace parley::conversation {
namespace {

// Every speculation that is not used has cost a prompt and a clause; somebody who pauses more often gets his answer a little
// later.
constexpr int most_speculations = 4;
// Somebody who has left the room is not asked for ever.
constexpr int most_idle_prompts = 3;

Refused refused(std::string code, core::Error error) { return {std::move(code), std::move(error)}; }

}  // namespace

std::vector<Command> Conversation::on(core::Instant now, Event const& event) {
  Commands out;
  if (hung_up_) return out;
  Moment moment{now, settings_, history_, ids_, out};
  std::visit([&](auto const& e) { handle(moment, e); }, event);
  if (hearing_.voice()) stirred_ = now;
  if (hung_up_) return out;
  if (answering_.held() && !hearing_.overlap()) answering_.resume(moment);  // the client has cleared or committed it
  answering_.settle(moment);
  answer_if_due(moment);
  speak_first_if_idle(moment);
  answering_.settle(moment);
  end_if_asked(moment);
  return out;
}

core::Instant Conversation::wake_at() const {
  if (hung_up_) return core::never;
  auto const rest = ending_ && !over_ && ear_rests() ? answering_.rests_from() : core::never;
  return std::min({hearing_.wake_at(settings_.turns), answering_.wake_at(), idle_at(), rest});
}

// ---- what happens -----------------------------------------------------------------------------------------------------------

void Conversation::handle(Moment& moment, FrameHeard const& frame) {
  Surroundings around;
  around.guarded = settings_.turns.interrupt_reply && answering_.in_the_air(moment.now);
  if (around.guarded) around.left = std::chrono::duration_cast<Milliseconds>(answering_.left(moment.now));
  if (hearing_.overlap()) around.said = answering_.saying(history_);
  act_on(moment, hearing_.frame(moment.now, frame, settings_.turns, std::move(around), ids_, moment.out));
}

void Conversation::handle(Moment& moment, Woken const&) {
  act_on(moment, hearing_.wake(moment.now, settings_.turns, moment.out));
}

void Conversation::handle(Moment& moment, TranscriptArrived const& arrived) {
  act_on(moment, hearing_.transcript(moment.now, arrived, settings_.turns, moment.out));
}

void Conversation::handle(Moment& moment, EndPredicted const& predicted) {
  act_on(moment, hearing_.prediction(moment.now, predicted, settings_.turns, moment.out));
}

void Conversation::handle(Moment& moment, TextEndPredicted const& predicted) {
  act_on(moment, hearing_.text_prediction(moment.now, predicted, settings_.turns, moment.out));
}

void Conversation::handle(Moment& moment, PieceArrived const& arrived) { answering_.piece(moment, arrived); }
void Conversation::handle(Moment& moment, SoundArrived const& arrived) { answering_.sound(moment, arrived); }
void Conversation::handle(Moment& moment, SoundFailed const& failed) { answering_.sound_failed(moment, failed); }
void Conversation::handle(Moment& moment, ItemTruncated const& truncated) { answering_.truncate(moment, truncated); }

void Conversation::handle(Moment& moment, SettingsChanged const& changed) {
  settings_ = changed.settings;
  answering_.withdraw(moment);  // it was thought under other instructions
  hearing_.rule_changed(settings_.turns, moment.out);
  auto messages = history_.messages(settings_.instructions, settings_.language);
  if (!messages.empty()) moment.out.emplace_back(Prepare{std::move(messages), settings_.tools});
}

void Conversation::handle(Moment& moment, CommitAsked const&) {
  auto notices = hearing_.commit(moment.now, ids_, moment.out);
  if (!notices) {
    moment.out.emplace_back(refused("input_audio_buffer_commit_empty", notices.error()));
    return;
  }
  act_on(moment, *notices);
}

void Conversation::handle(Moment& moment, ClearAsked const&) {
  if (hearing_.clear(moment.out)) answering_.withdraw(moment);
  moment.out.emplace_back(Cleared{});
}

void Conversation::handle(Moment& moment, ItemAdded const& added) {
  add_item(moment, added.item, added.after.value_or(history_.last()));
}

/// True when it is the result of a tool, and the last that an answer waits for.
bool Conversation::add_item(Moment& moment, Item item, std::string const& after) {
  if (item.id.empty()) item.id = ids_.name("item_");
  if (history_.find(item.id) != nullptr) {
    moment.out.emplace_back(
        refused("item_create_duplicate_item_id",
                {core::Code::conflict, "an item with this id is there already; choose another", item.id, {}}));
    return false;
  }
  auto const previous = history_.insert(item, after.empty() ? "root" : after);
  if (!previous) {
    moment.out.emplace_back(refused("item_create_invalid_previous_item_id",
                                    {core::Code::not_found, "there is no item with this previous_item_id", after, {}}));
    return false;
  }
  moment.out.emplace_back(ItemNews{ItemNews::What::added, item, *previous, 0, 0});
  moment.out.emplace_back(ItemNews{ItemNews::What::done, item, *previous, 0, 0});
  return item.kind == Item::Kind::function_call_output && answering_.tool_answered(item.call_id);
}

void Conversation::handle(Moment& moment, ItemDeleted const& deleted) {
  answering_.stop_writing(moment, deleted.item);
  auto const* entry = history_.find(deleted.item);
  if (entry == nullptr) {
    moment.out.emplace_back(
        refused("item_delete_invalid_item_id", {core::Code::not_found, "there is no item with this id", deleted.item, {}}));
    return;
  }
  ItemNews news{ItemNews::What::deleted, entry->item, history_.previous_of(deleted.item), 0, 0};
  history_.remove(deleted.item);
  moment.out.emplace_back(std::move(news));
}

void Conversation::handle(Moment& moment, ReplyAsked const& asked) {
  measure::Turn times;
  if (!asked.overrides.outside && unasked_) times = *unasked_;
  bool const outside = asked.overrides.outside;
  auto const done = answering_.ask(moment, asked.overrides, std::move(times), hearing_.awaits_words());
  if (!done) {
    bool const conflict = done.error().code == core::Code::conflict;
    auto const* const code = conflict ? "conversation_already_has_active_response" : "rate_limit_exceeded";
    moment.out.emplace_back(refused(code, done.error()));
  } else if (!outside) {
    unasked_.reset();
  }
}

void Conversation::handle(Moment& moment, ReplyCancelled const& cancelled) {
  if (auto done = answering_.cancel(moment, cancelled.response); !done) {
    moment.out.emplace_back(refused("response_cancel_not_active", done.error()));
  }
}

/// The model goes on by itself, unless somebody talks: then the result is there for the answer to that.
void Conversation::handle(Moment& moment, ToolAnswered const& answered) {
  if (!answering_.awaits_tool(answered.call_id)) return;
  Item item;
  item.kind = Item::Kind::function_call_output;
  item.speaker = language::Speaker::tool;
  item.call_id = answered.call_id;
  item.text = answered.output;
  bool const last = add_item(moment, std::move(item), history_.last());
  if (last && !answering_.busy() && !hearing_.voice() && !hearing_.awaits_words() && !owed_) answering_.answer(moment, {});
}

void Conversation::handle(Moment&, EndAsked const&) { ending_ = true; }

void Conversation::handle(Moment& moment, HungUp const&) {
  hung_up_ = true;
  hearing_.hang_up(moment.out);
  answering_.hang_up(moment);
}

// ---- what the ear has found -------------------------------------------------------------------------------------------------

void Conversation::act_on(Moment& moment, Notices const& notices) {
  for (auto const& each : notices) std::visit([&](auto const& n) { notice(moment, n); }, each);
}

void Conversation::notice(Moment& moment, VoiceBegan const&) {
  speculations_ = guesses_ = 0;
  idle_prompts_ = 0;
  hearing_.expect(expected_after(history_.last_answer()));
  if (!settings_.turns.interrupt_reply) return;
  if (auto lost = answering_.interrupt(moment)) interrupted_ = std::move(lost);
}

void Conversation::notice(Moment& moment, OverlapBegan const&) {
  if (settings_.player_holds) answering_.hold(moment);
}

void Conversation::notice(Moment& moment, OverlapPassed const&) { answering_.resume(moment); }

/// The model reads along, so that the end of a long sentence finds its beginning read.
void Conversation::notice(Moment& moment, StableWords const& words) {
  if (settings_.transcribe && !words.grown.empty()) moment.out.emplace_back(UserWordsGrew{words.item, words.grown});
  if (!answers_turns() || owed_ || answering_.busy() || answering_.speculating()) return;
  auto messages = history_.messages(settings_.instructions, settings_.language);
  messages.push_back({language::Speaker::user, words.text});
  moment.out.emplace_back(Prepare{std::move(messages), settings_.tools});
}

void Conversation::notice(Moment& moment, LikelyWords const& words) { speculate(moment, words.text, guesses_); }

void Conversation::notice(Moment& moment, WordsInPause const& words) {
  if (words.read) {
    moment.out.emplace_back(PredictTextEnd{words.utterance, words.revision, Answering::request_after(moment, words.text)});
  }
  speculate(moment, words.text, speculations_);
}

/// Rule 4 of the design: think and speak as if the turn were over; nothing leaves before it is.
void Conversation::speculate(Moment& moment, std::string const& words, int& so_far) {
  if (!answers_turns() || owed_ || hearing_.awaits_words() || answering_.busy() || answering_.speculates_on(words)) return;
  answering_.withdraw(moment);  // it was for other words
  if (so_far >= most_speculations) return;
  ++so_far;
  answering_.speculate(moment, words);
}

void Conversation::notice(Moment& moment, WentOn const&) { answering_.withdraw(moment); }

void Conversation::notice(Moment& moment, TurnOver const& over) {
  interrupted_.reset();
  History::Entry entry;
  entry.item = over.item;
  add_turn(moment, std::move(entry));
  if (over.by_client || !answers_turns()) unasked_ = over.times;
  if (over.words) take_words(moment, over.item.id, *over.words, over.item.to - over.item.from, over.by_client, over.times);
}

void Conversation::notice(Moment& moment, TurnWords const& words) {
  if (unasked_ && unasked_->user_item == words.item) unasked_ = words.times;
  answering_.stamp_words(words.item, words.times);
  take_words(moment, words.item, words.words, words.length, words.by_client, words.times);
  if (!hearing_.awaits_words()) answering_.words_there(moment);
}

/// Nothing was said. If the noise has stopped an answer before it was heard, the question still stands.
void Conversation::notice(Moment& moment, TurnDropped const&) {
  answering_.withdraw(moment);
  if (interrupted_ && answers_turns() && !owed_) owed_ = std::move(interrupted_);
  interrupted_.reset();
}

void Conversation::add_turn(Moment& moment, History::Entry entry) {
  auto const item = entry.item;
  auto const previous = history_.append(std::move(entry));
  moment.out.emplace_back(TurnCommitted{item.id, previous});
  moment.out.emplace_back(ItemNews{ItemNews::What::added, item, previous, 0, 0});
  moment.out.emplace_back(ItemNews{ItemNews::What::done, item, previous, 0, 0});
}

void Conversation::take_words(Moment& moment, std::string const& item, core::Result<std::string> const& words,
                              audio::Heard length, bool by_client, measure::Turn const& times) {
  if (words) history_.set_text(item, *words);
  if (settings_.transcribe) moment.out.emplace_back(UserWords{item, words, length});
  if (words && has_words(*words) && !by_client && answers_turns()) owed_ = times;
}

// ---- answers ----------------------------------------------------------------------------------------------------------------

bool Conversation::answers_turns() const noexcept {
  return settings_.turns.create_reply && settings_.turns.kind != TurnTaking::Kind::manual;
}

/// One rule for all the ways in which a turn can end: it is answered as soon as its words are there, nobody talks, and no other
/// answer is under way.
void Conversation::answer_if_due(Moment& moment) {
  if (owed_ && !hearing_.voice() && !hearing_.awaits_words() && !answering_.busy()) {
    answering_.answer(moment, *std::exchange(owed_, std::nullopt));
  } else if (!owed_ && answering_.speculating() && !hearing_.voice()) {
    answering_.withdraw(moment);  // the turn that it was for needs no answer
  }
}

core::Instant Conversation::idle_at() const {
  auto const since = answering_.quiet_since();
  bool const waiting = hearing_.voice() || hearing_.awaits_words() || owed_;
  bool const never = waiting || ending_ || idle_prompts_ >= most_idle_prompts || !answers_turns();
  if (!since || !settings_.turns.idle || never) return core::never;
  return std::max(*since, stirred_) + *settings_.turns.idle;
}

void Conversation::speak_first_if_idle(Moment& moment) {
  if (moment.now < idle_at()) return;
  ++idle_prompts_;
  History::Entry entry;
  entry.item.id = ids_.name("item_");
  entry.item.spoken = true;
  entry.item.from = hearing_.turn_from();
  entry.item.to = hearing_.position();
  entry.silent = true;
  moment.out.emplace_back(IdleTimeout{entry.item.id, entry.item.from, entry.item.to});
  hearing_.begin_turn();
  add_turn(moment, std::move(entry));
  answering_.answer(moment, {});
}

// ---- the end ----------------------------------------------------------------------------------------------------------------

/// Nobody talks, and nothing that was said waits for its words or its answer.
bool Conversation::ear_rests() const noexcept {
  return hearing_.state() == Hearing::State::quiet && !hearing_.awaits_words() && !owed_;
}

void Conversation::end_if_asked(Moment& moment) {
  if (!ending_ || over_ || !ear_rests() || moment.now < answering_.rests_from()) return;
  over_ = true;
  moment.out.emplace_back(CallOver{});
}

}  // namespace parley::conversation
