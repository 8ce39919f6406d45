#include "conversation/answering.hpp"

#include <algorithm>

#include "conversation/said_words.hpp"

namespace parley::conversation {
namespace {

using Why = ReplyEnded::Why;

// Answers outside of the conversation cost as much as the others; a client that asks for more at once has to wait.
constexpr std::size_t most_outside = 4;
// A player at the other end of a network is so far behind the clock.
constexpr Milliseconds player_behind{400};

enum class Ending { none, statement, question };

Ending ending_of(std::string_view text) {
  for (std::string_view const mark : {"?", "？"}) {
    if (text.ends_with(mark)) return Ending::question;
  }
  for (std::string_view const mark : {".", "。", "!", "！", "…"}) {
    if (text.ends_with(mark)) return Ending::statement;
  }
  return Ending::none;
}

/// A mark that was not set yet says nothing; one that makes a question of a statement does.
bool same_words(std::string_view a, std::string_view b) {
  if (plain_words(a) != plain_words(b)) return false;
  auto const x = ending_of(a), y = ending_of(b);
  return x == y || x == Ending::none || y == Ending::none;
}

bool same_question(std::vector<language::Message> const& a, std::vector<language::Message> const& b) {
  if (a == b) return true;
  return !a.empty() && a.size() == b.size() && std::equal(a.begin(), a.end() - 1, b.begin()) &&
         a.back().speaker == language::Speaker::user && b.back().speaker == language::Speaker::user &&
         same_words(a.back().text, b.back().text);
}

}  // namespace

Reply Answering::make(Moment& moment, ReplyOverrides const& overrides) {
  ReplyPlan plan;
  plan.id = moment.ids.reply();
  plan.response = moment.ids.name("resp_");
  plan.item = moment.ids.name("item_");
  plan.speak = overrides.speak.value_or(moment.settings.speak);
  plan.outside = overrides.outside;
  plan.voices = overrides.voices.value_or(moment.settings.voices);
  plan.language = moment.settings.language;
  plan.speed = moment.settings.speed;
  plan.metadata = overrides.metadata;
  return Reply(std::move(plan));
}

void Answering::speculate(Moment& moment, std::string const& words) {
  if (current_) return;
  current_.emplace(Running{make(moment, {}), {}, false, true});
  ++answers_;
  current_->reply.think(request_after(moment, words), moment.out);
}

bool Answering::speculates_on(std::string_view words) const {
  if (!speculating() || current_->reply.messages().empty()) return false;
  return same_words(current_->reply.messages().back().text, words);
}

language::GenerateRequest Answering::request_after(Moment const& moment, std::string const& words) {
  auto messages = moment.history.messages(moment.settings.instructions, moment.settings.language);
  messages.push_back({language::Speaker::user, words});
  return request(moment, {}, std::move(messages));
}

language::GenerateRequest Answering::request(Moment const& moment, ReplyOverrides const& overrides,
                                             std::vector<language::Message> messages) {
  language::GenerateRequest request;
  request.messages = std::move(messages);
  request.sampling = moment.settings.sampling;
  request.sampling.max_tokens = overrides.max_tokens.value_or(request.sampling.max_tokens);
  request.tools = overrides.tools.value_or(moment.settings.tools);
  request.tool_choice = overrides.tool_choice.value_or(moment.settings.tool_choice);
  return request;
}

void Answering::withdraw(Moment& moment) {
  if (!speculating()) return;
  moment.out.emplace_back(Abandon{current_->reply.plan().id});
  current_.reset();
  ++answers_wasted_;
}

void Answering::answer(Moment& moment, measure::Turn times) {
  auto const messages = moment.history.messages(moment.settings.instructions, moment.settings.language);
  if (speculating() && (!same_question(current_->reply.messages(), messages) || current_->reply.failure())) withdraw(moment);
  if (busy()) return;
  bool const fresh = !current_;
  if (fresh) current_.emplace(Running{make(moment, {}), {}, false, true});
  times.work.answers = std::exchange(answers_, 0) + (fresh ? 1 : 0);
  times.work.answers_wasted = std::exchange(answers_wasted_, 0);
  begin(moment, *current_, std::move(times));
  if (fresh) start(moment, *current_);
}

core::Result<void> Answering::ask(Moment& moment, ReplyOverrides overrides, measure::Turn times, bool words_coming) {
  if (overrides.outside && outside_.size() >= most_outside) {
    return core::fail(core::Code::busy, "too many responses outside of the conversation are under way; wait for one to end");
  }
  if (!overrides.outside && busy()) {
    return core::fail(core::Code::conflict,
                      "the conversation already has an active response; wait for response.done or cancel it");
  }
  if (!overrides.outside) withdraw(moment);
  bool const waits = words_coming && !overrides.say && !overrides.input;
  auto reply = make(moment, overrides);
  auto& running = overrides.outside ? outside_.emplace_back(Running{std::move(reply), std::move(overrides), waits, false})
                                    : current_.emplace(Running{std::move(reply), std::move(overrides), waits, false});
  begin(moment, running, std::move(times));
  if (!waits) start(moment, running);
  return {};
}

void Answering::begin(Moment& moment, Running& running, measure::Turn times) {
  auto& reply = running.reply;
  std::string previous;
  if (!reply.plan().outside) {
    History::Entry entry;
    entry.item.id = reply.plan().item;
    entry.item.speaker = language::Speaker::assistant;
    entry.item.spoken = reply.plan().speak;
    entry.item.status = ItemStatus::in_progress;
    previous = moment.history.append(std::move(entry));
    ended_.reset();
  }
  reply.begin(moment.now, std::move(previous), std::move(times), moment.out);
}

void Answering::start(Moment& moment, Running& running) {
  running.waits_for_words = false;
  auto const& overrides = running.overrides;
  if (overrides.say) return running.reply.say(moment.now, *overrides.say, moment.out);
  auto const& instructions = overrides.instructions.value_or(moment.settings.instructions);
  auto messages = overrides.input ? messages_of(instructions, *overrides.input)
                                  : moment.history.messages(instructions, moment.settings.language);
  running.reply.think(request(moment, overrides, std::move(messages)), moment.out);
}

void Answering::words_there(Moment& moment) {
  if (current_ && current_->waits_for_words) start(moment, *current_);
  for (auto& running : outside_) {
    if (running.waits_for_words) start(moment, running);
  }
}

void Answering::stamp_words(std::string const& user_item, measure::Turn const& times) {
  if (!busy() || current_->reply.times().user_item != user_item) return;
  auto& own = current_->reply.times();
  own.user_text = times.user_text;
  if (auto const at = times.at(measure::Stamp::final_transcript)) own.stamp(measure::Stamp::final_transcript, *at);
}

/// The history takes what became of it; what the player still holds goes on, unless a voice has stopped it.
void Answering::end(Moment& moment, Why why) {
  auto running = std::move(*current_);
  current_.reset();
  auto entry = finish(moment, running.reply, why);
  for (auto const& call : running.reply.calls()) {
    if (call.item.status == ItemStatus::completed) open_calls_.insert(call.item.call_id);
  }
  if (auto* place = moment.history.find(entry.item.id)) {
    *place = std::move(entry);
    moment.history.changed();
  }
  auto const& playout = running.reply.playout();
  if (why != Why::turn_detected && playout.over_at() > held_.value_or(moment.now))
    playing_.push_back({running.reply.plan().item, playout});
  ended_ = moment.now;
  history_is_news_ = true;
}

std::optional<measure::Turn> Answering::interrupt(Moment& moment) {
  std::optional<measure::Turn> unheard;
  if (busy()) {
    auto const& reply = current_->reply;
    bool const silent = reply.plan().speak && reply.playout().heard(moment.now).samples == 0;
    if (silent && current_->automatic) unheard = current_->reply.times();
    end(moment, Why::turn_detected);
  }
  for (auto const& playing : playing_) {
    auto* entry = moment.history.find(playing.item);
    if (entry == nullptr || playing.playout.over_at() <= held_.value_or(moment.now)) continue;
    cut(*entry, std::min(entry->item.heard, playing.playout.heard(moment.now)));
    moment.history.changed();
    moment.out.emplace_back(
        ItemNews{ItemNews::What::truncated, entry->item, moment.history.previous_of(playing.item), 0, entry->item.heard.ms()});
  }
  playing_.clear();
  held_.reset();
  player_free_ = std::min(player_free_, moment.now);
  return unheard;
}

void Answering::hold(Moment& moment) {
  if (held_ || player_free_ <= moment.now) return;
  held_ = moment.now;
  if (busy()) current_->reply.playout().hold(moment.now);
  for (auto& playing : playing_) playing.playout.hold(moment.now);
  moment.out.emplace_back(PlayHeld{});
}

void Answering::resume(Moment& moment) {
  if (!held_) return;
  auto const since = *std::exchange(held_, std::nullopt);
  player_free_ += moment.now - since;
  if (busy()) current_->reply.playout().resume(moment.now);
  for (auto& playing : playing_) playing.playout.resume(moment.now);
  moment.out.emplace_back(PlayResumed{});
}

std::string Answering::saying(History const& history) const {
  std::string text;
  for (auto const& playing : playing_) {
    if (auto const* entry = history.find(playing.item)) text += entry->item.text + " ";
  }
  if (busy()) text += current_->reply.text();
  return text;
}

core::Duration Answering::left(core::Instant now) const {
  auto const from = held_.value_or(now);
  return player_free_ > from ? player_free_ - from : core::Duration::zero();  // before the first sound it is the least of times
}

core::Result<void> Answering::cancel(Moment& moment, std::optional<std::string> const& response) {
  if (busy() && (!response || *response == current_->reply.plan().response)) {
    end(moment, Why::client_cancelled);
    return {};
  }
  auto const at =
      std::ranges::find_if(outside_, [&](Running const& r) { return response && r.reply.plan().response == *response; });
  if (at == outside_.end()) {
    return core::fail(core::Code::conflict, "Cancellation failed: no active response found", response.value_or(""));
  }
  auto running = std::move(*at);
  outside_.erase(at);
  finish(moment, running.reply, Why::client_cancelled);
  return {};
}

// ---- tools ------------------------------------------------------------------------------------------------------------------

/// What has become known of the calls since it was last told.
void Answering::tell_calls(Moment& moment, Reply& reply) {
  if (!reply.begun() || reply.holds_calls(moment.now)) return;
  for (auto& call : reply.calls()) {
    if (call.done) continue;
    auto const id = reply.plan().id;
    if (call.item.id.empty()) {
      call.item.id = moment.ids.name("item_");
      std::string previous;
      if (!reply.plan().outside) {
        History::Entry entry;
        entry.item = call.item;
        entry.item.text.clear();
        previous = moment.history.append(std::move(entry));
      }
      moment.out.emplace_back(ToolCallStarted{id, call.item, std::move(previous)});
    }
    if (call.told < call.item.text.size()) {
      moment.out.emplace_back(ToolCallDelta{id, call.item.id, call.item.call_id, call.item.text.substr(call.told)});
      call.told = call.item.text.size();
    }
    if (call.whole) finish_call(moment, reply, call, ItemStatus::completed);
  }
}

void Answering::finish_call(Moment& moment, Reply const& reply, Reply::ToolCall& call, ItemStatus status) {
  call.done = true;
  call.item.status = status;
  if (auto* entry = moment.history.find(call.item.id)) {
    entry->item = call.item;
    moment.history.changed();
  }
  moment.out.emplace_back(ToolCallDone{reply.plan().id, call.item});
}

/// Calls that are not whole never will be.
History::Entry Answering::finish(Moment& moment, Reply& reply, Why why) {
  for (auto& call : reply.calls()) {
    if (!call.item.id.empty() && !call.done) finish_call(moment, reply, call, ItemStatus::incomplete);
  }
  return reply.end(moment.now, why, moment.out);
}

bool Answering::tool_answered(std::string const& call_id) { return open_calls_.erase(call_id) > 0 && open_calls_.empty(); }

void Answering::stop_writing(Moment& moment, std::string const& item) {
  if (busy() && current_->reply.plan().item == item) end(moment, Why::client_cancelled);
}

void Answering::truncate(Moment& moment, ItemTruncated const& report) {
  auto const* known = moment.history.find(report.item);
  if (known == nullptr || !known->item.spoken || known->item.speaker != language::Speaker::assistant) return;
  stop_writing(moment, report.item);  // a player that says how much it played has stopped
  auto* entry = moment.history.find(report.item);
  bool const all = report.audio_end_ms >= entry->sent.ms();
  cut(*entry, all ? entry->sent : audio::Spoken::from_ms(std::max<std::int64_t>(0, report.audio_end_ms)));
  moment.history.changed();
  if (std::erase_if(playing_, [&](Playing const& p) { return p.item == report.item; }) > 0 && playing_.empty()) {
    player_free_ = std::min(player_free_, moment.now);
  }
  moment.out.emplace_back(ItemNews{ItemNews::What::truncated, entry->item, moment.history.previous_of(report.item),
                                   report.content_index, entry->item.heard.ms()});
}

void Answering::hang_up(Moment& moment) {
  resume(moment);
  withdraw(moment);
  if (busy()) end(moment, Why::client_cancelled);
  for (auto& running : outside_) finish(moment, running.reply, Why::client_cancelled);
  outside_.clear();
  playing_.clear();
}

Reply* Answering::find(core::ReplyId id) {
  if (current_ && current_->reply.plan().id == id) return &current_->reply;
  auto const at = std::ranges::find_if(outside_, [&](Running const& r) { return r.reply.plan().id == id; });
  return at == outside_.end() ? nullptr : &at->reply;
}

void Answering::piece(Moment& moment, PieceArrived const& arrived) {
  if (auto* reply = find(arrived.reply)) reply->piece(moment.now, arrived.piece, moment.out);
}

void Answering::sound(Moment& moment, SoundArrived const& arrived) {
  if (auto* reply = find(arrived.reply)) reply->sound(moment.now, arrived);
}

void Answering::sound_failed(Moment&, SoundFailed const& failed) {
  if (auto* reply = find(failed.reply)) reply->sound_failed(failed);
}

void Answering::settle(Moment& moment) {
  if (!held_) std::erase_if(playing_, [&](Playing const& playing) { return playing.playout.over_at() <= moment.now; });
  if (speculating() && current_->reply.failure()) withdraw(moment);
  if (current_) {
    auto& reply = current_->reply;
    if (!reply.failure()) {
      tell_calls(moment, reply);
      reply.pump(moment.now, player_free_, moment.out);
    }
    if (reply.begun() && reply.failure()) {
      end(moment, Why::failed);
    } else if (reply.begun() && reply.all_handed_over()) {
      end(moment, reply.ending());
    }
  }
  std::erase_if(outside_, [&](Running& running) {
    auto& reply = running.reply;
    auto player_free = reply.playout().over_at();  // it is not part of the talk: as if it had a player of its own
    if (!reply.failure()) {
      tell_calls(moment, reply);
      reply.pump(moment.now, player_free, moment.out);
    }
    if (!reply.failure() && !reply.all_handed_over()) return false;
    finish(moment, reply, reply.ending());
    return true;
  });
  if (!history_is_news_ || current_) return;
  history_is_news_ = false;  // the next question finds the prompt read up to here
  auto messages = moment.history.messages(moment.settings.instructions, moment.settings.language);
  if (!messages.empty()) moment.out.emplace_back(Prepare{std::move(messages), moment.settings.tools});
}

std::optional<core::Instant> Answering::quiet_since() const {
  if (current_ || !ended_ || !open_calls_.empty()) return std::nullopt;
  return std::max(*ended_, player_free_);
}

core::Instant Answering::rests_from() const {
  if (current_ || !outside_.empty() || !open_calls_.empty() || held_) return core::never;
  return player_free_ == core::Instant::min() ? player_free_ : player_free_ + player_behind;
}

core::Instant Answering::wake_at() const {
  auto at = current_ ? current_->reply.wake_at(player_free_) : core::never;
  for (auto const& running : outside_) at = std::min(at, running.reply.wake_at(running.reply.playout().over_at()));
  return at;
}

}  // namespace parley::conversation
