#pragma once
// The session behind the three faces: what each of them wants, in the order in which the service can give it.
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>

#include "cloud/half_samples.hpp"
#include "cloud/volcengine/dialogue/dialogue.hpp"
#include "cloud/volcengine/dialogue/line.hpp"
#include "cloud/volcengine/dialogue/spoken_answer.hpp"

namespace parley::cloud::volcengine::dialogue {

using OnStop = std::optional<std::stop_callback<std::function<void()>>>;

/// One answer of the service, to what it heard or to what it was asked in writing.
struct Answer {
  std::string question, reply;  ///< its numbers, once they are known
  std::string asked;            ///< the words it answers
  std::string text;             ///< written so far
  SpokenAnswer spoken;
  std::size_t cut_to = 0;  ///< bytes of the text that clauses were asked for
  bool wanted = true;      ///< else whatever still comes of it is dropped
  bool written = false;    ///< nothing is added to the text
  bool corrected = false;  ///< the service knows how far it was heard
  [[nodiscard]] bool finished() const { return written && spoken.is_over(); }
};
using AnswerAt = std::shared_ptr<Answer>;

/// Whoever asked the model.
struct Question {
  language::GenerateRequest request;
  language::Model::Sink sink;
  AnswerAt answer;
  int attempts = 0;
  bool stopped = false;
  OnStop on_stop;  // last: its end waits for a stop under way
};
using QuestionAt = std::shared_ptr<Question>;

/// One clause, of the service's answer or of somebody else's.
struct Clause {
  std::string text;
  speech::Synthesiser::Sink sink;
  AnswerAt answer;        ///< whose words it is; null: to be spoken word for word
  std::size_t end = 0;    ///< in bytes of the answer's text
  std::size_t until = 0;  ///< the same in its words
  int attempts = 0;
  bool sounded = false, stopped = false;
  OnStop on_stop;
};
using ClauseAt = std::shared_ptr<Clause>;

/// One utterance. Its sound since the last time that a transcript was asked for is a part: a turn of the service's.
struct Utterance {
  speech::Recogniser::Sink sink;
  std::shared_ptr<core::Ledger> ledger;
  std::string before;          ///< words of the parts before
  std::string pcm;             ///< of this part
  std::size_t sent = 0;        ///< bytes of it, on this connection
  std::string words, interim;  ///< of this part: settled, and not yet
  bool ending = false;         ///< a transcript is wanted of it
  bool ended = false;          ///< the service was told so,
  bool settled = false;        ///< and has given its words
  std::string next;            ///< sound behind it
  std::optional<std::uint64_t> asked;
  std::optional<core::Error> failure;
  AnswerAt answer;  ///< to this part
  int attempts = 0;
  core::Instant until = core::never;
};
using UtteranceAt = std::shared_ptr<Utterance>;

/// Everything happens on its strand. `close` has to be called there before the last pointer goes.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(net::Network& network, Options options);

  [[nodiscard]] boost::asio::any_io_executor const& strand() const { return strand_; }
  [[nodiscard]] Options const& options() const { return options_; }

  void listen(UtteranceAt const& utterance, std::vector<std::string> const& hot_words);
  void hear(UtteranceAt const& utterance, std::string const& pcm);
  void transcribe(UtteranceAt const& utterance, std::uint64_t revision);
  void look_in(UtteranceAt const& utterance, std::uint64_t revision);  ///< the words so far
  void leave(UtteranceAt const& utterance);

  void prepare(std::vector<language::Message> const& messages);
  void ask(QuestionAt const& question);
  void stop(QuestionAt const& question);

  void speak(ClauseAt const& clause);
  void stop(ClauseAt const& clause);

  void close();

 private:
  // What is wanted of the service (session.cpp).
  void need_line();
  void flow();
  void send_sound(Utterance& utterance);
  void begin_part(Utterance& utterance);
  void hand_out();
  void speak_own();
  void ask_in_writing(QuestionAt const& question, std::string const& words);
  void give_up(AnswerAt const& answer);
  void write_down(std::vector<language::Message> const& messages);
  void correct(std::vector<language::Message> const& messages);
  [[nodiscard]] bool arriving() const;
  [[nodiscard]] bool hearing() const;

  // What it says (session_news.cpp).
  void take(News const& news);
  void turn_began(News const& news);
  void heard_words(News const& news);
  void turn_heard();
  void report(Utterance& utterance);
  void wrote(News const& news);
  void written(News const& news);
  void sentence(News const& news);
  void sound(std::string_view bytes);
  void spoke(News const& news);
  void used(News const& news) const;
  void tell(Answer const& answer, language::Piece piece);
  AnswerAt answer_of(std::string const& question);

  // What goes wrong (session_faults.cpp).
  void lost(Verdict const& why, std::uint32_t code);
  void fail_utterances(Verdict const& why, core::Error const& error);
  void fail_question(bool may, core::Error const& error);
  void fail_clauses(bool may, core::Error const& error);
  void hiccup(Said const& said);
  void keep_ticking();
  void tick();
  [[nodiscard]] bool waits() const;

  Options options_;
  boost::asio::any_io_executor strand_;
  boost::asio::steady_timer clock_;
  Line line_;
  Setup setup_;
  std::string instructions_told_;  ///< those that the service works by
  std::deque<UtteranceAt> utterances_;
  std::string newest_question_;   ///< of the turn that is being heard
  std::deque<AnswerAt> answers_;  ///< expected or arriving, oldest first
  AnswerAt offered_;              ///< to the last turn, not yet asked for
  AnswerAt answer_;               ///< the model's present one; stays until the next
  QuestionAt question_;           ///< who listens to it
  std::deque<ClauseAt> clauses_;  ///< of answer_
  std::deque<ClauseAt> own_;      ///< word for word; the first may be under way
  bool own_under_way_ = false;
  double pace_ = SpokenAnswer::usual_pace;  ///< of this session's voice
  bool spoken_to_ = false;                  ///< a turn was heard: greetings are over
  AnswerAt sentence_of_;                    ///< whose sound is coming; null: own_'s, or nobody's
  bool sentence_is_own_ = false;
  HalfSamples halves_;
  core::Instant answer_until_ = core::never, own_until_ = core::never;  ///< when the next of it must have come
  std::shared_ptr<core::Ledger> ledger_;
  bool ticking_ = false, closed_ = false;
};

}  // namespace parley::cloud::volcengine::dialogue
