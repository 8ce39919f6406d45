// What the service says, and for whom it is.
#include <algorithm>

#include "audio/pcm16.hpp"
#include "cloud/volcengine/dialogue/session.hpp"
#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/joined_words.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine::dialogue {

void Session::take(News const& news) {
  switch (news.event) {
    case event::asr_info: return turn_began(news);
    case event::asr_response: return heard_words(news);
    case event::asr_ended: return turn_heard();
    case event::chat_text_query_confirmed: answer_of(news.question); break;
    case event::chat_response: return wrote(news);
    case event::chat_ended: return written(news);
    case event::tts_sentence_start: return sentence(news);
    case event::tts_response: return sound(news.sound);
    case event::tts_sentence_end:
      if (sentence_of_) {
        sentence_of_->spoken.sentence_over();
        hand_out();
      }
      break;
    case event::tts_ended: return spoke(news);
    case event::usage_response: return used(news);
    case event::dialog_common_error: return hiccup(news.said);
    default: break;
  }
}

/// By its number; the first time that it is named, the oldest that has none.
AnswerAt Session::answer_of(std::string const& question) {
  auto at = std::ranges::find(answers_, question, &Answer::question);
  if (at != answers_.end()) return *at;
  at = std::ranges::find_if(answers_, [](AnswerAt const& a) { return a->question.empty(); });
  if (at == answers_.end()) return nullptr;
  (*at)->question = question;
  return *at;
}

// ---- ears -------------------------------------------------------------------------------------------------------------------

/// The first word was heard, perhaps when all have been said.
void Session::turn_began(News const& news) {
  bool const ended = std::ranges::any_of(utterances_, [](UtteranceAt const& u) { return u->ended && !u->settled; });
  if (ended) {
    answer_of(news.question);
  } else {
    newest_question_ = news.question;
  }
}

void Session::heard_words(News const& news) {
  auto const at = std::ranges::find_if(utterances_, [](UtteranceAt const& u) { return u->sent > 0 && !u->settled; });
  if (at == utterances_.end()) return;
  auto& u = **at;
  if (news.interim) {
    u.interim = news.text;
    return;
  }
  u.interim.clear();
  // Some tell all of the turn each time, some what is new.
  u.words = news.text.starts_with(u.words) ? news.text : join(u.words, news.text);
}

void Session::turn_heard() {
  auto const at = std::ranges::find_if(utterances_, [](UtteranceAt const& u) { return u->ended && !u->settled; });
  if (at == utterances_.end()) return;
  auto& u = **at;
  u.settled = true;
  u.until = core::never;
  spoken_to_ = true;
  u.words = trimmed(u.words.empty() ? std::exchange(u.interim, {}) : u.words);
  if (u.ledger) {
    u.ledger->add({.service = options_.service,
                   .product = options_.resource,
                   .log_id = line_.log_id(),
                   .heard = std::chrono::milliseconds(u.sent / 32)});
  }
  u.pcm.clear();
  if (u.words.empty()) {
    std::erase(answers_, u.answer);  // nothing was said, and nothing is answered
  } else if (u.answer) {
    u.answer->asked = join(u.before, u.words);
    offered_ = u.answer;
  }
  report(u);
  speak_own();
  flow();
}

/// What was asked for and is known.
void Session::report(Utterance& u) {
  if (!u.asked) return;
  auto const revision = *std::exchange(u.asked, std::nullopt);
  if (u.failure) return u.sink(std::unexpected(*u.failure));
  auto text = join(u.before, u.words);
  std::string language(core::guess_language(text));
  u.sink(speech::Transcript{revision, std::move(text), std::move(language), 0});
}

// ---- mind -------------------------------------------------------------------------------------------------------------------

void Session::tell(Answer const& answer, language::Piece piece) {
  if (question_ && question_->answer.get() == &answer && !question_->stopped) question_->sink(std::move(piece));
}

void Session::wrote(News const& news) {
  auto const answer = answer_of(news.question);
  if (!answer || !answer->wanted || answer->written || news.text.empty()) return;
  if (!news.reply.empty()) answer->reply = news.reply;
  answer->text += news.text;
  if (answer == answer_) answer_until_ = core::Clock::now() + options_.between;
  tell(*answer, language::Delta{news.text});
}

void Session::written(News const& news) {
  auto const answer = answer_of(news.question);
  if (!answer || !answer->wanted || std::exchange(answer->written, true)) return;
  if (answer == answer_) answer_until_ = core::Clock::now() + options_.between;
  tell(*answer, language::Finish{});
  hand_out();
}

// ---- mouth ------------------------------------------------------------------------------------------------------------------

void Session::sentence(News const& news) {
  halves_ = {};
  auto const known = std::ranges::find(answers_, news.question, &Answer::question) != answers_.end();
  sentence_is_own_ = own_under_way_ && (news.own || !known);
  sentence_of_ = news.own || sentence_is_own_ ? nullptr : answer_of(news.question);
  if (!sentence_of_) return;
  if (!news.reply.empty()) sentence_of_->reply = news.reply;
  sentence_of_->spoken.sentence(news.text);
  hand_out();
}

void Session::sound(std::string_view bytes) {
  auto const whole = halves_.whole(bytes);
  if (whole.empty()) return;
  auto const now = core::Clock::now();
  if (sentence_is_own_ && own_under_way_) {
    auto const& clause = own_.front();
    own_until_ = now + options_.between;
    clause->sounded = true;
    clause->sink(speech::SpokenBlock{audio::from_pcm16(whole), false});
  } else if (sentence_of_ && sentence_of_->wanted) {
    if (sentence_of_ == answer_) answer_until_ = now + options_.between;
    sentence_of_->spoken.sound(audio::from_pcm16(whole));
    hand_out();
  }
}

void Session::spoke(News const& news) {
  bool const own = sentence_is_own_;
  auto const answer = sentence_of_;
  sentence_of_.reset();
  sentence_is_own_ = false;
  if (own && own_under_way_) {
    auto const clause = own_.front();
    own_.pop_front();
    own_under_way_ = false;
    own_until_ = core::never;
    clause->on_stop.reset();
    clause->sink(speech::SpokenBlock{{}, true});
  } else if (auto const ended = answer ? answer : answer_of(news.question)) {
    ended->spoken.over();
    pace_ = ended->spoken.pace();
    std::erase(answers_, ended);
    if (ended->wanted && !std::exchange(ended->written, true)) tell(*ended, language::Finish{});
    if (ended == answer_) answer_until_ = core::never;
    hand_out();
  }
  speak_own();
  flow();
}

void Session::used(News const& news) const {
  if (!ledger_) return;
  ledger_->add({.service = options_.service,
                .product = options_.resource,
                .log_id = line_.log_id(),
                .prompt_tokens = news.prompt_tokens,
                .cached_tokens = news.cached_tokens,
                .completion_tokens = news.completion_tokens});
}

}  // namespace parley::cloud::volcengine::dialogue
