#include "cloud/volcengine/dialogue/session.hpp"

#include <algorithm>

#include "cloud/volcengine/joined_words.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine::dialogue {
namespace {

using core::Code;
using language::Speaker;

constexpr std::size_t bytes_per_ms = 32;
constexpr std::size_t packet_bytes = 100 * bytes_per_ms;
constexpr std::size_t most_kept_bytes = 120'000 * bytes_per_ms;  // of one part, to be told again
// Sound behind a pause: the quiet of the pause itself until this much is there, then somebody is talking on.
constexpr std::size_t quiet_bytes = 1'500 * bytes_per_ms;
constexpr std::size_t most_answers = 16;  // given up and not known to be over; later ones are not expected any more
constexpr std::size_t most_told = 20;     // turns: the service keeps no more

net::WebSocket::Options wire(Options const& options) {
  net::WebSocket::Options wanted;
  wanted.address = options.address;
  wanted.headers = headers(options.account, options.resource);
  if (!options.app_key.empty()) {
    for (auto& [name, value] : wanted.headers) {
      if (name == "X-Api-App-Key") value = options.app_key;  // here it is not the number of the application
    }
  }
  wanted.open_within = options.open_within;
  return wanted;
}

}  // namespace

Session::Session(net::Network& network, Options options)
    : options_(std::move(options)),
      strand_(network.strand()),
      clock_(strand_),
      line_(network, strand_, wire(options_),
            {[this] {
               speak_own();
               flow();
             },
             [this](News const& news) { take(news); }, [this](Verdict const& why, std::uint32_t code) { lost(why, code); }}) {
  setup_.model = options_.model;
  setup_.speaker = options_.speaker;
  setup_.style = options_.style;
  setup_.loudness = options_.loudness;
}

void Session::close() {
  closed_ = true;
  clock_.cancel();
  line_.close();
  utterances_.clear();
  question_.reset();
  clauses_.clear();
  own_.clear();
}

void Session::need_line() {
  if (closed_ || !line_.closed()) return;
  instructions_told_ = setup_.instructions;
  line_.open(setup_);
  keep_ticking();
}

/// Something that is wanted is on its way.
bool Session::arriving() const { return own_under_way_ || (answer_ && answer_->wanted && !answer_->finished()); }

/// The service is in the middle of a turn of the user's.
bool Session::hearing() const {
  return std::ranges::any_of(utterances_, [](UtteranceAt const& u) { return u->sent > 0 && !u->settled; });
}

// ---- ears -------------------------------------------------------------------------------------------------------------------

void Session::listen(UtteranceAt const& utterance, std::vector<std::string> const& hot_words) {
  if (line_.closed()) setup_.hot_words = hot_words;
  utterances_.push_back(utterance);
  if (utterance->ledger) ledger_ = utterance->ledger;
}

void Session::hear(UtteranceAt const& utterance, std::string const& pcm) {
  auto& u = *utterance;
  if (u.failure) return;
  auto& where = u.ended ? u.next : u.pcm;
  if (where.size() + pcm.size() > most_kept_bytes) return;  // two minutes without a pause: the rest is not heard
  where += pcm;
  if (u.settled && u.next.size() > quiet_bytes) begin_part(u);
  flow();
}

void Session::transcribe(UtteranceAt const& utterance, std::uint64_t revision) {
  auto& u = *utterance;
  u.asked = revision;
  if (u.failure) return report(u);
  if (u.settled) begin_part(u);
  if (!u.ended) u.ending = true;
  flow();
  keep_ticking();
}

void Session::look_in(UtteranceAt const& utterance, std::uint64_t revision) {
  auto const text = join(utterance->before, join(utterance->words, utterance->interim));
  if (text.empty() || utterance->ending) return;
  utterance->sink(speech::Transcript{revision, text, std::string(core::guess_language(text)), 0});
}

void Session::leave(UtteranceAt const& utterance) {
  bool const begun = utterance->sent > 0 && !utterance->ended;
  std::erase(utterances_, utterance);
  if (begun && line_.ready()) {  // a cough that nobody wants an answer to
    line_.begin_anew(setup_);
    answers_.clear();
    offered_.reset();
    keep_ticking();
  }
  speak_own();
  flow();
}

void Session::begin_part(Utterance& u) {
  u.before = join(u.before, std::exchange(u.words, {}));
  u.pcm = std::exchange(u.next, {});
  u.sent = 0;
  u.ending = u.ended = u.settled = false;
  u.answer.reset();
}

/// Of one utterance at a time: an earlier one that waits for its words comes first.
void Session::flow() {
  if (closed_ || arriving()) return;
  for (auto const& u : utterances_) {
    if (u->failure || u->settled) continue;
    if (u->ended) return;
    if (u->pcm.empty() && !u->ending) return;
    need_line();
    if (line_.ready()) send_sound(*u);
    return;
  }
}

void Session::send_sound(Utterance& u) {
  if (u.sent == 0 && !u.pcm.empty()) {
    give_up(offered_);
    newest_question_.clear();
  }
  auto const send = [&](std::size_t bytes) {
    line_.send(dialogue::sound(line_.session(), u.pcm.substr(u.sent, bytes)));
    u.sent += bytes;
  };
  while (u.pcm.size() - u.sent >= packet_bytes && !line_.closed()) send(packet_bytes);
  if (!u.ending || line_.closed()) return;
  u.ended = true;
  if (u.pcm.empty()) {  // the service refuses a turn without sound
    u.settled = true;
    return report(u);
  }
  if (u.pcm.size() > u.sent) send(u.pcm.size() - u.sent);
  line_.send(end_asr(line_.session()));
  u.answer = std::make_shared<Answer>();
  u.answer->spoken = SpokenAnswer(pace_);
  u.answer->question = std::exchange(newest_question_, {});
  answers_.push_back(u.answer);
  if (answers_.size() > most_answers) answers_.pop_front();
  u.until = core::Clock::now() + options_.first_within;
  keep_ticking();
}

// ---- mind -------------------------------------------------------------------------------------------------------------------

void Session::prepare(std::vector<language::Message> const& messages) {
  write_down(messages);
  correct(messages);
  need_line();
}

/// Instructions, and what was said: for a session that is begun later.
void Session::write_down(std::vector<language::Message> const& messages) {
  setup_.instructions.clear();
  setup_.before.clear();
  std::string user;
  for (auto const& message : messages) {
    if (message.speaker == Speaker::system) setup_.instructions = join(setup_.instructions, message.text);
    if (message.speaker == Speaker::user) user = join(user, message.text);
    if (message.speaker == Speaker::assistant && !user.empty() && !message.text.empty()) {
      setup_.before.push_back({std::exchange(user, {}), message.text});
    }
  }
  auto& before = setup_.before;
  if (before.size() > most_told) before.erase(before.begin(), before.end() - static_cast<std::ptrdiff_t>(most_told));
  if (line_.ready() && instructions_told_ != setup_.instructions) {
    instructions_told_ = setup_.instructions;
    line_.send(update_config(line_.session(), setup_));
  }
}

/// The answer was interrupted: the service is told how far it was heard.
void Session::correct(std::vector<language::Message> const& messages) {
  if (!answer_ || answer_->corrected || answer_->reply.empty() || !line_.ready()) return;
  auto const last = std::ranges::find(messages.rbegin(), messages.rend(), Speaker::assistant, &language::Message::speaker);
  if (last == messages.rend()) return;
  auto const heard = trimmed(last->text);
  if (heard.empty() || heard.size() >= trimmed(answer_->text).size() || !answer_->text.starts_with(heard)) return;
  answer_->corrected = true;
  line_.send(correction(line_.session(), answer_->reply, heard));
}

void Session::ask(QuestionAt const& question) {
  if (closed_ || question->stopped) return;
  if (question_ && answer_ && answer_->wanted && !answer_->finished()) {
    question->on_stop.reset();
    return question->sink(
        core::Error{Code::busy, "the dialogue answers one question at a time", options_.service, std::chrono::seconds(1)});
  }
  auto messages = std::move(question->request.messages);
  std::string words;
  if (!messages.empty() && messages.back().speaker == Speaker::user) {
    words = trimmed(std::move(messages.back().text));
    messages.pop_back();
  }
  write_down(messages);
  if (question->request.ledger) ledger_ = question->request.ledger;
  question_ = question;
  answer_until_ = core::Clock::now() + options_.first_within;
  keep_ticking();
  if (!offered_ || offered_->asked != words) return ask_in_writing(question, words);
  answer_ = question->answer = std::exchange(offered_, nullptr);
  if (!answer_->text.empty()) tell(*answer_, language::Delta{answer_->text});
  if (answer_->finished()) answer_until_ = core::never;
  if (answer_->written) tell(*answer_, language::Finish{});
}

void Session::ask_in_writing(QuestionAt const& question, std::string const& words) {
  give_up(offered_);
  if (answer_ && answer_->wanted && !answer_->finished()) give_up(answer_);
  auto const answer = std::make_shared<Answer>();
  answer->spoken = SpokenAnswer(pace_);
  answer->asked = words;
  question->answer = answer_ = answer;
  answers_.push_back(answer);
  spoken_to_ = true;
  need_line();
  line_.send(text_query(line_.session(), words.empty() ? "……" : words));
}

void Session::stop(QuestionAt const& question) {
  if (std::exchange(question->stopped, true) || question_ != question) return;
  question_.reset();
  answer_until_ = core::never;
  if (question->answer && !question->answer->finished()) give_up(question->answer);
  speak_own();
  flow();
}

/// What still comes of it is dropped, and the service is asked to stop.
void Session::give_up(AnswerAt const& given_up) {
  auto const answer = given_up;  // it may be one of our own members
  if (!answer || !answer->wanted) return;
  answer->wanted = false;
  if (offered_ == answer) offered_.reset();
  if (answer_ == answer) answer_until_ = core::never;
  if (!answer->finished() && line_.ready()) line_.send(interrupt(line_.session()));
}

// ---- mouth ------------------------------------------------------------------------------------------------------------------

void Session::speak(ClauseAt const& clause) {
  if (closed_ || clause->stopped) return;
  if (answer_ && answer_->wanted && own_.empty()) {
    auto const& text = answer_->text;
    auto const at = text.find(clause->text, answer_->cut_to);
    bool const next =
        at != std::string::npos && spoken_length(std::string_view(text).substr(answer_->cut_to, at - answer_->cut_to)) == 0;
    if (next) {
      answer_->cut_to = clause->end = at + clause->text.size();
      clause->until = spoken_length(std::string_view(text).substr(0, clause->end));
      clause->answer = answer_;
      clauses_.push_back(clause);
      return hand_out();
    }
  }
  own_.push_back(clause);
  keep_ticking();
  speak_own();
}

void Session::hand_out() {
  while (!clauses_.empty()) {
    auto const clause = clauses_.front();
    auto& answer = *clause->answer;
    bool const end = answer.written && spoken_length(std::string_view(answer.text).substr(clause->end)) == 0;
    auto piece = answer.spoken.take(end ? SpokenAnswer::all : clause->until);
    if (!piece.samples.empty()) {
      clause->sounded = true;
      clause->sink(speech::SpokenBlock{std::move(piece.samples), false});
    }
    if (!piece.last) return;
    clauses_.pop_front();
    clause->on_stop.reset();
    clause->sink(speech::SpokenBlock{{}, true});
  }
  speak_own();
}

/// When nothing of the service's own is to be heard first, and it is not in the middle of a turn.
void Session::speak_own() {
  if (closed_ || own_.empty() || own_under_way_ || !clauses_.empty() || hearing()) return;
  bool const writes = question_ && answer_ == question_->answer && answer_->wanted && !answer_->written;
  if (writes) return;  // all of the text is wanted, though not the sound of it
  give_up(offered_);
  give_up(answer_);
  need_line();
  if (!line_.ready()) return;
  own_under_way_ = true;
  own_until_ = core::Clock::now() + options_.first_within;
  auto const& text = own_.front()->text;
  line_.send(spoken_to_ ? own_text(line_.session(), text) : say_hello(line_.session(), text));
  keep_ticking();
}

void Session::stop(ClauseAt const& clause) {
  if (std::exchange(clause->stopped, true)) return;
  clause->on_stop.reset();
  std::erase(clauses_, clause);
  bool const spoken_now = own_under_way_ && own_.front() == clause;
  std::erase(own_, clause);
  if (!spoken_now) return;
  own_under_way_ = false;
  own_until_ = core::never;
  sentence_is_own_ = false;
  if (line_.ready()) line_.send(interrupt(line_.session()));
  speak_own();
  flow();
}

}  // namespace parley::cloud::volcengine::dialogue
