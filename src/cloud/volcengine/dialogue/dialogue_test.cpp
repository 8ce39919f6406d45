// The faces of the realtime dialogue against the simulator, over real sockets.
#include "cloud/volcengine/dialogue/dialogue.hpp"

#include "cloud/volcengine/simulator/random_faults.hpp"
#include "cloud/volcengine/simulator/services_fixture.hpp"
#include "core/utf8.hpp"
#include "speech/clause_cutter.hpp"

namespace parley::cloud::volcengine {
namespace {

using core::Code;
using language::Message;
using language::Speaker;
using Kind = Fault::Kind;
using Transcripts = Collected<core::Result<speech::Transcript>>;
using Blocks = Collected<core::Result<speech::SpokenBlock>>;

constexpr char const* first_line = "北京今天天气怎么样";
constexpr char const* first_answer = "您刚才说的是：北京今天天气怎么样。我记下了，还有什么可以帮您？";
constexpr std::size_t samples_a_character = 1440;

/// Writes down what it is asked, and answers as the scripted one does.
class Noting final : public language::Model {
 public:
  std::string name() const override { return "noting"; }
  core::Job generate(language::GenerateRequest request, Sink sink) override {
    {
      std::lock_guard const lock(mutex_);
      asked_.push_back(request.messages);
    }
    return inner_->generate(std::move(request), std::move(sink));
  }
  core::Job prepare(std::vector<Message>, core::Urgency) override { return {}; }
  std::vector<Message> last() const {
    std::lock_guard const lock(mutex_);
    return asked_.back();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::vector<Message>> asked_;
  std::shared_ptr<language::Model> inner_ = scripted_model();
};

class DialogueTest : public ServicesTest {
 protected:
  void begin(SimulatorOptions options = {}) {
    noting_ = std::make_shared<Noting>();
    options.model = noting_;
    start(std::move(options));
    faces_ = faces();
  }
  void begin(std::function<Fault(Product, std::uint64_t)> fault) {
    SimulatorOptions options;
    options.fault = std::move(fault);
    begin(std::move(options));
  }
  dialogue::Faces faces(std::string const& key = "marked-key") const {
    dialogue::Options options;
    options.service = "live";
    options.address = at("/api/v3/realtime/dialogue");
    options.account = account(key);
    options.speaker = "zh_female_vv_jupiter_bigtts";
    options.open_within = 2s;
    options.first_within = 1s;
    options.between = 1s;
    return dialogue::open(*network_, std::move(options));
  }
  std::vector<Message> turn_of(std::string const& words) const {
    auto messages = history_;
    messages.push_back({Speaker::user, words});
    return messages;
  }
  Written answer_to(std::vector<Message> messages) {
    Collected<language::Piece> pieces;
    language::GenerateRequest request;
    request.messages = std::move(messages);
    thinking_ = faces_.model->generate(std::move(request), pieces.sink());
    return written(pieces);
  }
  /// What a conversation does with an answer: cut into clauses, two of them asked for at a time.
  std::vector<Spoken> say_all(std::string const& text) {
    speech::ClauseCutter cutter;
    auto clauses = cutter.push(text);
    for (auto& rest : cutter.finish()) clauses.push_back(rest);
    std::vector<Blocks> heard(clauses.size());
    std::vector<core::Job> jobs;
    std::vector<Spoken> spoken;
    for (std::size_t i = 0; i < clauses.size(); ++i) {
      if (i >= 2) spoken.push_back(sum(heard[i - 2]));
      jobs.push_back(faces_.synthesiser->speak({clauses[i], "zh", "live:v", 1.0F, {}}, heard[i].sink()));
    }
    while (spoken.size() < clauses.size()) spoken.push_back(sum(heard[spoken.size()]));
    return spoken;
  }
  static Spoken sum(Blocks& blocks) {
    Spoken result;
    for (auto const& block : blocks.wait([](auto const& b) { return !b.empty() && (!b.back() || b.back()->last); })) {
      if (block) {
        result.samples += block->samples.size();
      } else {
        result.error = block.error();
      }
    }
    return result;
  }
  static std::size_t total(std::vector<Spoken> const& clauses) {
    std::size_t samples = 0;
    for (auto const& clause : clauses) {
      EXPECT_FALSE(clause.error) << core::describe(*clause.error);
      samples += clause.samples;
    }
    return samples;
  }
  Spoken said(std::string const& text) {
    Blocks blocks;
    auto const job = faces_.synthesiser->speak({text, "zh", "live:v", 1.0F, {}}, blocks.sink());
    return sum(blocks);
  }

  std::shared_ptr<Noting> noting_;
  dialogue::Faces faces_;
  core::Job thinking_;
  std::vector<Message> history_{{Speaker::system, "你是小禾。"}};
};

audio::Samples const loud(16000, 0.3F), quiet(16000, 0.0F);

TEST_F(DialogueTest, TheServiceHearsThinksAndSpeaks) {
  begin();
  auto const preparing = faces_.model->prepare(history_, core::Urgency::partial);
  auto const heard = transcript(*faces_.recogniser);
  ASSERT_TRUE(heard) << core::describe(heard.error());
  EXPECT_EQ(heard->text, first_line);
  EXPECT_EQ(heard->revision, 7U);
  auto const answer = answer_to(turn_of(heard->text));
  EXPECT_EQ(answer.text, first_answer);
  EXPECT_TRUE(answer.finish);
  auto const clauses = say_all(answer.text);
  EXPECT_GT(clauses.size(), 1U);
  EXPECT_EQ(total(clauses), core::count_code_points(first_answer) * samples_a_character);
  EXPECT_EQ(simulator_->counts().dialogue_turns, 1U);
  EXPECT_EQ(simulator_->counts().connections, 1U);
  EXPECT_EQ(noting_->last()[0].text, "你是小禾。");
}

TEST_F(DialogueTest, WhatTheServiceDidNotThinkOfItSpeaksWordForWord) {
  begin();
  EXPECT_EQ(said("你好，我是小禾。").samples, 8 * samples_a_character);  // a greeting
  auto const heard = transcript(*faces_.recogniser);
  ASSERT_TRUE(heard);
  auto const answer = answer_to(turn_of(heard->text));
  EXPECT_EQ(said("抱歉，这个我不能说。").samples, 10 * samples_a_character);  // in place of its answer
  EXPECT_EQ(transcript(*faces_.recogniser)->text, "谢谢你");
  EXPECT_EQ(simulator_->counts().connections, 1U);
}

TEST_F(DialogueTest, OtherWordsThanThoseHeardAreAskedInWriting) {
  begin();
  ASSERT_TRUE(transcript(*faces_.recogniser));
  auto const answer = answer_to(turn_of("资料：……。问题：北京今天天气怎么样"));
  EXPECT_EQ(answer.text, "您刚才说的是：资料：……。问题：北京今天天气怎么样。我记下了，还有什么可以帮您？");
  EXPECT_GT(total(say_all(answer.text)), 0U);
  history_[0].text = "你是另一个人。";
  answer_to(turn_of("你是谁"));
  EXPECT_EQ(noting_->last()[0].text, "你是另一个人。");
}

TEST_F(DialogueTest, WhoeverTalksOnIsHeardInBothParts) {
  begin();
  Transcripts said;
  auto const stream = faces_.recogniser->open({}, said.sink());
  stream->push(loud);
  stream->transcribe(1, core::Urgency::final_transcript);
  said.wait([](auto const& v) { return v.size() == 1; });
  stream->push(quiet);
  stream->push(loud);
  stream->transcribe(2, core::Urgency::final_transcript);
  auto const both = said.wait([](auto const& v) { return v.size() == 2; });
  ASSERT_TRUE(both[1]);
  EXPECT_EQ(both[1]->text, "北京今天天气怎么样谢谢你");
  EXPECT_EQ(answer_to(turn_of(both[1]->text)).text, "您刚才说的是：谢谢你。我记下了，还有什么可以帮您？");
}

TEST_F(DialogueTest, NothingIsAnsweredWhereNothingWasSaid) {
  SimulatorOptions options;
  options.interim_every = 0ms;
  begin(std::move(options));
  Transcripts said;
  {
    auto const cough = faces_.recogniser->open({}, said.sink());
    cough->push(loud);
    while (simulator_->counts().dialogue_turns == 0) std::this_thread::sleep_for(1ms);  // the service hears it
  }  // nobody asked what it was
  auto const silence = faces_.recogniser->open({}, said.sink());
  silence->push(quiet);
  silence->transcribe(3, core::Urgency::final_transcript);
  auto const nothing = said.wait([](auto const& v) { return !v.empty(); });
  ASSERT_TRUE(nothing[0]);
  EXPECT_EQ(nothing[0]->text, "");
  EXPECT_EQ(transcript(*faces_.recogniser)->text, first_line);
  EXPECT_EQ(answer_to(turn_of(first_line)).text, first_answer);
}

TEST_F(DialogueTest, AVoiceIntoAnAnswerIsHeldUntilTheAnswerHasArrived) {
  SimulatorOptions options;
  options.first_sound = 300ms;
  begin(std::move(options));
  auto const answer = answer_to(turn_of(transcript(*faces_.recogniser)->text));
  std::mutex mutex;
  std::vector<std::string> order;
  auto const note = [&](char const* what) {
    std::lock_guard const lock(mutex);
    order.emplace_back(what);
  };
  Transcripts said;
  auto const keep = said.sink();
  auto const stream = faces_.recogniser->open({}, [&](core::Result<speech::Transcript> words) {
    note("words");
    keep(std::move(words));
  });
  Blocks blocks;
  auto const collect = blocks.sink();
  auto const job =
      faces_.synthesiser->speak({answer.text, "zh", "live:v", 1.0F, {}}, [&](core::Result<speech::SpokenBlock> block) {
        if (block && block->last) note("spoken");
        collect(std::move(block));
      });
  stream->push(loud);
  stream->transcribe(1, core::Urgency::final_transcript);
  said.wait([](auto const& v) { return !v.empty(); });
  EXPECT_EQ(sum(blocks).samples, core::count_code_points(first_answer) * samples_a_character);
  EXPECT_THAT(order, testing::ElementsAre("spoken", "words"));
}

TEST_F(DialogueTest, AnInterruptedAnswerIsKnownToTheServiceAsFarAsItWasHeard) {
  begin();
  auto const answer = answer_to(turn_of(transcript(*faces_.recogniser)->text));
  EXPECT_GT(said("您刚才说的是：").samples, 0U);
  thinking_ = {};  // a voice: the reply is given up
  history_ = turn_of(first_line);
  history_.push_back({Speaker::assistant, "您刚才说的是："});
  auto const preparing = faces_.model->prepare(history_, core::Urgency::partial);
  auto const next = transcript(*faces_.recogniser);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->text, "谢谢你");
  EXPECT_EQ(answer_to(turn_of(next->text)).text, "您刚才说的是：谢谢你。我记下了，还有什么可以帮您？");
  auto const known = noting_->last();
  ASSERT_EQ(known.size(), 4U);
  EXPECT_EQ(known[2].text, "您刚才说的是：");
}

TEST_F(DialogueTest, ASecondQuestionAtOnceIsRefused) {
  SimulatorOptions options;
  options.first_token = 500ms;
  begin(std::move(options));
  Collected<language::Piece> first, second;
  language::GenerateRequest request;
  request.messages = turn_of("你好");
  auto const one = faces_.model->generate(request, first.sink());
  auto const two = faces_.model->generate(request, second.sink());
  auto const refused = second.wait([](auto const& p) { return !p.empty(); });
  EXPECT_EQ(std::get<core::Error>(refused.back()).code, Code::busy);
  auto const answered =
      first.wait([](auto const& p) { return !p.empty() && std::holds_alternative<language::Finish>(p.back()); });
  EXPECT_GT(answered.size(), 1U);
}

TEST_F(DialogueTest, WhatBreaksOnceIsDoneAgainAndTheHistoryIsTold) {
  for (auto const kind : {Kind::reset, Kind::half_frame, Kind::wrong_compression, Kind::error_frame, Kind::session_failed}) {
    begin([kind](Product, std::uint64_t number) { return number == 0 ? Fault{kind, 55000001} : Fault{}; });
    history_ = {{Speaker::system, "你是小禾。"}, {Speaker::user, "你好"}, {Speaker::assistant, "你好！"}};
    auto const preparing = faces_.model->prepare(history_, core::Urgency::partial);
    auto const heard = transcript(*faces_.recogniser);
    ASSERT_TRUE(heard) << name(kind) << core::describe(heard.error());
    EXPECT_FALSE(answer_to(turn_of(heard->text)).error) << name(kind);
    EXPECT_THAT(noting_->last(), testing::ElementsAreArray(turn_of(heard->text)));
    faces_ = {};
    network_.reset();
  }
}

TEST_F(DialogueTest, AQuestionAndAGreetingAreAskedAgainToo) {
  for (auto const kind : {Kind::reset, Kind::error_frame, Kind::session_failed}) {
    begin([kind](Product, std::uint64_t number) { return number % 2 == 0 ? Fault{kind, 55000001} : Fault{}; });
    EXPECT_EQ(said("你好，我是小禾。").samples, 8 * samples_a_character) << name(kind);
    EXPECT_FALSE(answer_to(turn_of("你好")).error) << name(kind);
    faces_ = {};
    network_.reset();
  }
}

TEST_F(DialogueTest, WhatBreaksAlwaysEndsInASentenceInTime) {
  for (auto const kind : {Kind::refuse, Kind::reset, Kind::stall, Kind::half_frame, Kind::error_frame, Kind::session_failed}) {
    begin([kind](Product, std::uint64_t) { return Fault{kind, 55000001}; });
    auto const began = std::chrono::steady_clock::now();
    EXPECT_FALSE(transcript(*faces_.recogniser)) << name(kind);
    EXPECT_TRUE(answer_to(turn_of("你好")).error) << name(kind);
    EXPECT_TRUE(said("你好，我是小禾。").error) << name(kind);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 9s) << name(kind);
    faces_ = {};
    network_.reset();
  }
}

TEST_F(DialogueTest, AnAnswerThatBreaksOffKeepsWhatWasSaidOfIt) {
  begin([](Product, std::uint64_t number) { return number == 0 ? Fault{Kind::reset_midway, 0} : Fault{}; });
  auto const heard = transcript(*faces_.recogniser);
  ASSERT_TRUE(heard);
  auto const answer = answer_to(turn_of(heard->text));
  Blocks blocks;
  auto const job = faces_.synthesiser->speak({answer.text, "zh", "live:v", 1.0F, {}}, blocks.sink());
  auto const spoken = sum(blocks);
  EXPECT_TRUE(spoken.error || spoken.samples == core::count_code_points(answer.text) * samples_a_character);
  EXPECT_EQ(said("还在吗？").samples, 4 * samples_a_character);  // the next clause is spoken by a new session
}

TEST_F(DialogueTest, AWrongKeyIsNamedAsSuchAndNeverRepeated) {
  begin();
  faces_ = faces("another-key");
  auto const heard = transcript(*faces_.recogniser);
  auto const wrote = answer_to(turn_of("你好"));
  auto const spoke = said("你好。");
  ASSERT_FALSE(heard);
  ASSERT_TRUE(wrote.error);
  ASSERT_TRUE(spoke.error);
  for (auto const& error : {heard.error(), *wrote.error, *spoke.error}) {
    EXPECT_EQ(error.code, Code::permission) << core::describe(error);
    EXPECT_THAT(core::describe(error), testing::Not(testing::HasSubstr("another-key")));
  }
}

TEST_F(DialogueTest, TheBillNamesTheServiceWithItsLogIds) {
  begin();
  auto const ledger = std::make_shared<core::Ledger>();
  Transcripts said;
  speech::RecogniserOptions options;
  options.ledger = ledger;
  auto const stream = faces_.recogniser->open(std::move(options), said.sink());
  stream->push(loud);
  stream->transcribe(1, core::Urgency::final_transcript);
  said.wait([](auto const& v) { return !v.empty(); });
  answer_to(turn_of(first_line));
  auto const clauses = say_all(first_answer);
  bool heard = false, written = false;
  for (auto const& use : ledger->take()) {
    EXPECT_EQ(use.service, "live");
    EXPECT_EQ(use.product, "volc.speech.dialog");
    EXPECT_FALSE(use.log_id.empty());
    heard = heard || use.heard == 1000ms;
    written = written || use.completion_tokens > 0;
  }
  EXPECT_TRUE(heard);
  EXPECT_TRUE(written);
}

}  // namespace
}  // namespace parley::cloud::volcengine
