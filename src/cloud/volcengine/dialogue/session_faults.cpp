// What goes wrong: begun again where nobody has heard anything of it yet, and else told to whoever waits.
#include <algorithm>
#include <boost/asio/error.hpp>

#include "cloud/volcengine/dialogue/session.hpp"
#include "core/log.hpp"

namespace parley::cloud::volcengine::dialogue {
namespace {

using core::Code;

constexpr int most_attempts = 2;
constexpr std::chrono::milliseconds tick_length{50};

}  // namespace

/// The line is closed; whoever may try again opens it.
void Session::lost(Verdict const& why, std::uint32_t code) {
  auto const error = error_of(why, code, options_.service, line_.log_id());
  bool const may = why.reaction == Reaction::reopen || why.reaction == Reaction::wait;
  spdlog::info("cloud: {}", core::describe(error));
  if (ledger_ && waits()) {
    ledger_->add({.service = options_.service,
                  .product = options_.resource,
                  .log_id = line_.log_id(),
                  .failure = std::string(core::name(error.code))});
  }
  halves_ = {};
  sentence_of_.reset();
  sentence_is_own_ = false;
  newest_question_.clear();
  answers_.clear();
  offered_.reset();
  fail_utterances(why, error);
  fail_clauses(may, error);
  fail_question(may, error);
  speak_own();
  flow();
}

void Session::fail_utterances(Verdict const& why, core::Error const& error) {
  bool const may = why.reaction == Reaction::reopen || why.reaction == Reaction::wait;
  for (auto const& utterance : std::deque(utterances_)) {
    auto& u = *utterance;
    if (u.settled || u.failure || (u.pcm.empty() && !u.ending)) continue;
    u.sent = 0;
    u.ended = false;
    u.until = core::never;
    u.answer.reset();
    u.words.clear();
    u.interim.clear();
    if (why.reaction == Reaction::no_speech) {
      u.ended = u.settled = true;
      report(u);
    } else if (!may || ++u.attempts >= most_attempts) {
      u.failure = error;
      u.pcm.clear();
      report(u);
    } else if (!u.next.empty()) {  // one turn now
      u.pcm += std::exchange(u.next, {});
    }
  }
}

void Session::fail_question(bool may, core::Error const& error) {
  auto const answer = std::exchange(answer_, nullptr);
  auto const question = question_;
  answer_until_ = core::never;
  if (!question || !answer || answer->written || !answer->wanted) return;
  if (may && answer->text.empty() && ++question->attempts < most_attempts) {
    answer_until_ = core::Clock::now() + options_.first_within;
    return ask_in_writing(question, answer->asked);
  }
  question_.reset();
  answer->wanted = false;
  question->on_stop.reset();
  question->sink(error);
}

/// Of a clause that was not begun every word can be spoken anew, as somebody else's text.
void Session::fail_clauses(bool may, core::Error const& error) {
  auto all = std::exchange(clauses_, {});
  all.insert(all.end(), own_.begin(), own_.end());
  own_.clear();
  own_under_way_ = false;
  own_until_ = core::never;
  for (auto const& clause : all) {
    if (may && !clause->sounded && ++clause->attempts < most_attempts) {
      clause->answer.reset();
      own_.push_back(clause);
      continue;
    }
    clause->on_stop.reset();
    clause->sink(std::unexpected(error));
  }
}

/// An error that does not end the session: of what is being waited for.
void Session::hiccup(Said const& said) {
  auto const why = verdict(said.code, said.message);
  auto const error = error_of(why, said.code, options_.service, line_.log_id());
  spdlog::info("cloud: {}", core::describe(error));
  auto const waiting = std::ranges::find_if(utterances_, [](UtteranceAt const& u) { return u->ended && !u->settled; });
  if (waiting != utterances_.end()) {
    auto& u = **waiting;
    if (why.reaction != Reaction::no_speech) u.failure = error;
    u.settled = true;
    u.until = core::never;
    std::erase(answers_, u.answer);
    report(u);
  } else if (question_ && answer_ && !answer_->finished()) {
    std::erase(answers_, answer_);
    fail_clauses(false, error);
    fail_question(false, error);
  } else if (own_under_way_) {
    fail_clauses(false, error);
  }
  speak_own();
  flow();
}

bool Session::waits() const {
  return (!line_.closed() && !line_.ready()) || own_under_way_ || answer_until_ != core::never ||
         std::ranges::any_of(utterances_, [](UtteranceAt const& u) { return u->ended && !u->settled; });
}

void Session::keep_ticking() {
  if (closed_ || std::exchange(ticking_, true)) return;
  tick();
}

void Session::tick() {
  auto const now = core::Clock::now();
  bool const opening = !line_.closed() && !line_.ready() && now - line_.since() > options_.open_within;
  bool const unheard = std::ranges::any_of(utterances_, [&](UtteranceAt const& u) { return now > u->until; });
  bool const late = unheard || now > answer_until_ || now > own_until_;
  if (opening || late) {
    line_.fail({Reaction::elsewhere, Code::deadline,
                opening ? "the dialogue's service did not begin a session in time" : "the dialogue's service took too long"},
               0);
  }
  if (!waits()) {
    ticking_ = false;
    return;
  }
  clock_.expires_after(tick_length);
  clock_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto const self = weak.lock();
    if (!error && self && !self->closed_) self->tick();
  });
}

}  // namespace parley::cloud::volcengine::dialogue
