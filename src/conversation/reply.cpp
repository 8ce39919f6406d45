#include "conversation/reply.hpp"

#include <algorithm>

#include "conversation/words.hpp"
#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

// Two clauses in the making keep the player fed; more would be thrown away when the user interrupts.
constexpr std::size_t clauses_ahead = 2;
// For the same reason nothing is asked for while the player has this much to play.
constexpr std::chrono::seconds enough_to_play{10};
// With less than this to play, the next clause is what the arbiter has to run first.
constexpr std::chrono::milliseconds nearly_dry{1500};
// A call that was thought of in the pause is ready when the turn is committed. Clients carry the two news on different ways,
// and one that hears them in the same breath may answer the call before it knows that the user has stopped: Pipecat 1.14 then
// waits for ever.
constexpr std::chrono::milliseconds calls_after_turn{50};

}  // namespace

void Reply::think(language::GenerateRequest request, Commands& out) {
  thinking_ = true;
  messages_ = request.messages;
  request.urgency = core::Urgency::first_sound;
  out.emplace_back(Generate{plan_.id, std::move(request)});
}

void Reply::say(core::Instant now, std::string const& text, Commands& out) {
  thinking_ = true;
  add_text(now, text, out);
  piece(now, language::Finish{}, out);
}

void Reply::begin(core::Instant now, std::string previous, measure::Turn times, Commands& out) {
  begun_ = true;
  times_ = std::move(times);
  times_.reply_item = plan_.item;
  calls_due_ = times_.user_item.empty() ? now : now + calls_after_turn;
  out.emplace_back(
      ReplyBegan{plan_.id, plan_.response, plan_.item, std::move(previous), plan_.speak, plan_.outside, plan_.metadata});
  if (grounds_) out.emplace_back(ReplyGrounds{plan_.id, *grounds_});
  if (text_.empty()) return;
  out.emplace_back(ReplyText{plan_.id, text_});
  if (!plan_.speak) first_byte(now, out);
}

void Reply::add_text(core::Instant now, std::string const& delta, Commands& out) {
  if (delta.empty()) return;
  if (!first_token_) first_token_ = now;
  text_ += delta;
  if (begun_) {
    out.emplace_back(ReplyText{plan_.id, delta});
    if (!plan_.speak) first_byte(now, out);
  }
  if (plan_.speak) add_clauses(cutter_.push(delta));
}

void Reply::piece(core::Instant now, language::Piece const& piece, Commands& out) {
  if (thought_ || failure_) return;
  if (auto const* delta = std::get_if<language::Delta>(&piece)) return add_text(now, delta->text, out);
  if (auto const* error = std::get_if<core::Error>(&piece)) {
    failure_ = *error;
    return;
  }
  if (auto const* began = std::get_if<language::ToolCallBegan>(&piece)) return begin_call(now, *began);
  if (auto const* more = std::get_if<language::ToolCallArguments>(&piece)) {
    if (!calls_.empty() && calls_.back().item.call_id == more->id) calls_.back().item.text += more->delta;
    return;
  }
  if (auto const* grounds = std::get_if<language::Grounds>(&piece)) {
    grounds_ = *grounds;
    if (begun_) out.emplace_back(ReplyGrounds{plan_.id, *grounds_});
    return;
  }
  auto const& finish = std::get<language::Finish>(piece);
  thought_ = true;
  usage_ = finish.usage;
  reason_ = finish.reason;
  if (!calls_.empty()) {
    calls_.back().whole = reason_ != language::FinishReason::length && reason_ != language::FinishReason::content_filter;
  }
  if (plan_.speak) add_clauses(cutter_.finish());
}

void Reply::begin_call(core::Instant now, language::ToolCallBegan const& began) {
  if (!first_token_) first_token_ = now;
  if (!calls_.empty()) calls_.back().whole = true;
  auto& call = calls_.emplace_back();
  call.item.kind = Item::Kind::function_call;
  call.item.speaker = language::Speaker::assistant;
  call.item.status = ItemStatus::in_progress;
  call.item.call_id = began.id;
  call.item.name = began.name;
}

void Reply::add_clauses(std::vector<std::string> clauses) {
  for (auto& text : clauses) {
    cut_to_ += text.size();  // the clauses joined are the text
    sound_.add_clause(cut_to_);
    auto language = std::string(core::guess_language(text));
    if (language.empty()) language = clauses_.empty() ? plan_.language : clauses_.back().language;
    auto& clause = clauses_.emplace_back();
    if (!has_words(text)) {  // nothing to be said: an emoji, a dash
      clause.asked = clause.complete = true;
      sound_.complete(clauses_.size() - 1);
    }
    clause.text = std::move(text);
    clause.language = std::move(language);
  }
}

void Reply::sound(core::Instant now, SoundArrived const& arrived) {
  auto const index = static_cast<std::size_t>(arrived.clause);
  if (arrived.clause < 0 || index >= clauses_.size()) return;
  auto& clause = clauses_[index];
  if (!clause.asked || clause.complete) return;
  if (arrived.samples && !arrived.samples->empty()) {
    if (!first_sample_) first_sample_ = now;
    sound_.add_sound(index, {static_cast<std::int64_t>(arrived.samples->size())});
    clause.held.push_back(arrived.samples);
  }
  if (arrived.last) {
    clause.complete = true;
    sound_.complete(index);
  }
}

void Reply::sound_failed(SoundFailed const& failed) {
  auto const index = static_cast<std::size_t>(failed.clause);
  if (failed.clause < 0 || index >= clauses_.size() || !clauses_[index].asked || clauses_[index].complete) return;
  if (!failure_) failure_ = failed.error;
}

void Reply::pump(core::Instant now, core::Instant& player_free, Commands& out) {
  for (; begun_ && handed_ < clauses_.size(); ++handed_) {
    auto& clause = clauses_[handed_];
    for (; !clause.held.empty(); clause.held.pop_front()) hand_over(now, clause.held.front(), player_free, out);
    if (!clause.complete) break;
  }
  ask(now, player_free, out);
}

void Reply::ask(core::Instant now, core::Instant player_free, Commands& out) {
  while (asked_ < clauses_.size()) {
    auto& clause = clauses_[asked_];
    if (!clause.asked) {
      auto const to_play = player_free > now ? player_free - now : core::Duration::zero();
      auto const most = begun_ ? clauses_ahead : std::size_t{asked_ == 0 ? 1U : 0U};
      if (clauses_in_work() >= most || (begun_ && to_play > enough_to_play)) return;
      clause.asked = true;
      auto const dry = playout_.handed_over().samples > 0 && to_play < nearly_dry;
      out.emplace_back(Speak{plan_.id, static_cast<int>(asked_), clause.text, clause.language, voice_for(clause.language),
                             plan_.speed, dry ? core::Urgency::running_dry : core::Urgency::first_sound});
    }
    ++asked_;
  }
}

std::size_t Reply::clauses_in_work() const {
  return static_cast<std::size_t>(std::ranges::count_if(clauses_, [](Clause const& c) { return c.asked && !c.complete; }));
}

std::string Reply::voice_for(std::string const& language) const {
  for (auto const& wanted : {language, plan_.language}) {
    if (auto const at = plan_.voices.find(wanted); at != plan_.voices.end()) return at->second;
  }
  return plan_.voices.empty() ? std::string{} : plan_.voices.begin()->second;
}

void Reply::hand_over(core::Instant now, audio::SharedSamples const& samples, core::Instant& player_free, Commands& out) {
  out.emplace_back(ReplySound{plan_.id, playout_.handed_over(), samples});
  playout_.hand_over(now, player_free, {static_cast<std::int64_t>(samples->size())});
  player_free = playout_.over_at();
  first_byte(now, out);
}

void Reply::first_byte(core::Instant now, Commands& out) {
  times_.stamp(measure::Stamp::first_byte, now);
  report_times(out);
}

/// Once; only for an answer to a turn of the user's.
void Reply::report_times(Commands& out) {
  if (std::exchange(measured_, true) || times_.user_item.empty()) return;
  if (first_token_) times_.stamp(measure::Stamp::first_token, *first_token_);
  if (first_sample_) times_.stamp(measure::Stamp::first_sample, *first_sample_);
  times_.reply_text = text_;
  out.emplace_back(TurnMeasured{times_});
}

bool Reply::has_untold_call() const {
  return std::ranges::any_of(calls_, [](ToolCall const& call) { return call.item.id.empty(); });
}

ReplyEnded::Why Reply::ending() const noexcept {
  using Why = ReplyEnded::Why;
  if (failure_) return Why::failed;
  switch (reason_) {
    case language::FinishReason::length: return Why::max_tokens;
    case language::FinishReason::content_filter: return Why::content_filter;
    case language::FinishReason::stop:
    case language::FinishReason::tool_calls: break;
  }
  return Why::completed;
}

bool Reply::all_handed_over() const { return thought_ && handed_ == clauses_.size() && !has_untold_call(); }

core::Instant Reply::wake_at(core::Instant player_free) const {
  if (!begun_) return core::never;
  auto const calls = has_untold_call() ? calls_due_ : core::never;
  if (asked_ == clauses_.size() || clauses_in_work() >= clauses_ahead) return calls;
  return std::min(calls, player_free - enough_to_play);
}

History::Entry Reply::end(core::Instant now, ReplyEnded::Why why, Commands& out) {
  using Why = ReplyEnded::Why;
  bool const whole = why == Why::completed || why == Why::max_tokens || why == Why::content_filter;
  if (!whole) out.emplace_back(Abandon{plan_.id});
  if (whole || why == Why::failed) report_times(out);

  History::Entry entry;
  entry.item.id = plan_.item;
  entry.item.speaker = language::Speaker::assistant;
  entry.item.spoken = plan_.speak;
  entry.item.status = why == Why::completed ? ItemStatus::completed : ItemStatus::incomplete;
  entry.item.text = entry.written = text_;
  entry.sound = sound_;
  entry.sent = playout_.handed_over();
  entry.item.heard = entry.sent;
  entry.cut = !whole;
  // Only a voice stops the player at once; after a cancellation or a failure it plays what it has, unless the client says
  // otherwise.
  if (!whole && plan_.speak) cut(entry, why == Why::turn_detected ? playout_.heard(now) : entry.sent);

  ReplyEnded ended;
  ended.why = why;
  ended.reply = plan_.id;
  ended.item = entry.item;
  ended.text = text_;
  for (auto const& call : calls_) {
    if (call.done) ended.calls.push_back(call.item);
  }
  ended.usage = usage_;
  ended.sent = entry.sent;
  if (why == Why::failed && failure_) ended.error = *failure_;
  out.emplace_back(std::move(ended));
  return entry;
}

}  // namespace parley::conversation
