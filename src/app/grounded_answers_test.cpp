#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "app/grounded_model.hpp"
#include "app/knowledge_base.hpp"
#include "app/test_home.hpp"
#include "guard/guarded_model.hpp"
#include "knowledge/ingest.hpp"
#include "knowledge/test_embedder.hpp"

namespace parley::app {
namespace {

using language::Delta;
using language::Finish;
using language::Piece;
using language::Speaker;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Keeps what it was asked and its sink; says what the test tells it to.
class WaitingModel final : public language::Model {
 public:
  std::string name() const override { return "waiting"; }
  core::Job generate(language::GenerateRequest request, Sink sink) override {
    asked.push_back(std::move(request));
    say = std::move(sink);
    std::stop_source source;
    stopped = source.get_token();
    return core::Job(std::move(source));
  }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }
  core::Job read_ahead(language::GenerateRequest request) override {
    read.push_back(std::move(request));
    std::stop_source source;
    reading = source.get_token();
    return core::Job(std::move(source));
  }

  std::vector<language::GenerateRequest> asked, read;
  Sink say;
  std::stop_token stopped, reading;
};

/// Embeds when the test says so.
class SlowEmbedder final : public language::Embedder {
 public:
  std::string identity() const override { return words.identity(); }
  std::size_t dimensions() const override { return words.dimensions(); }
  core::Job embed(std::vector<std::string> texts, language::Purpose purpose, core::Urgency urgency, Sink sink) override {
    if (!slow) return words.embed(std::move(texts), purpose, urgency, std::move(sink));
    std::stop_source source;
    later = [this, texts = std::move(texts), purpose, urgency, sink = std::move(sink)] {
      (void)words.embed(texts, purpose, urgency, sink);
    };
    token = source.get_token();
    return core::Job(std::move(source));
  }
  knowledge::WordEmbedder words;
  bool slow = false;
  std::function<void()> later;
  std::stop_token token;
};

class GroundedAnswersTest : public ::testing::Test {
 protected:
  GroundedAnswersTest() {
    auto const store = room_.base("shop", true);
    EXPECT_TRUE(store) << core::describe(store.error());
    for (auto const& [path, text] : {std::pair{"faq.md", "本产品保修期为三年。电池保修一年。"},
                                     {"phone.md", "客服电话是13800138000，工作时间九点到十八点。"}}) {
      auto const report = knowledge::ingest_text(**store, embedder_->words, path, path, text, {});
      EXPECT_TRUE(report) << core::describe(report.error());
    }
  }

  std::shared_ptr<language::Model> model(guard::OnUnsupported check, std::shared_ptr<guard::Guard const> guard = nullptr) {
    std::shared_ptr<language::Model> inner = inner_;
    if (guard) inner = std::make_shared<guard::GuardedModel>(inner, guard);
    return std::make_shared<GroundedModel>(inner, room_, Grounding{{"shop"}, check, guard});
  }

  core::Job ask(language::Model& model, std::string const& question) {
    language::GenerateRequest request;
    request.messages = {{Speaker::system, "你是小店的客服。"}, {Speaker::user, question}};
    return model.generate(std::move(request), [this](Piece piece) { heard_.push_back(std::move(piece)); });
  }

  std::string text() const {
    std::string all;
    for (auto const& piece : heard_) {
      if (auto const* delta = std::get_if<Delta>(&piece)) all += delta->text;
    }
    return all;
  }
  std::vector<language::Grounds> grounds() const {
    std::vector<language::Grounds> all;
    for (auto const& piece : heard_) {
      if (auto const* one = std::get_if<language::Grounds>(&piece)) all.push_back(*one);
    }
    return all;
  }

  TestHome home_;
  std::shared_ptr<SlowEmbedder> embedder_ = std::make_shared<SlowEmbedder>();
  KnowledgeRoom room_{[this]() -> core::Result<std::shared_ptr<language::Embedder>> { return embedder_; }};
  std::shared_ptr<WaitingModel> inner_ = std::make_shared<WaitingModel>();
  std::vector<Piece> heard_;
};

TEST(GroundedQuestionTest, SourcesAreNumberedCutAndInTheLanguageOfTheQuestion) {
  knowledge::Passage first;
  first.text = "退货期是七天。";
  knowledge::Passage second;
  for (int i = 0; i < 400; ++i) second.text += "长";
  second.begin = 10;
  second.end = 410;
  auto const sources = sources_of({first, second}, nullptr);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[1].end, 260U);
  auto const chinese = with_sources("怎么退货？", sources);
  EXPECT_THAT(chinese, HasSubstr("[1] 退货期是七天。\n[2] 长"));
  EXPECT_THAT(chinese, HasSubstr("长…\n只根据"));  // cut, and the rule follows the passages
  EXPECT_THAT(chinese, HasSubstr("\n问题：怎么退货？"));
  EXPECT_LT(chinese.size(), 1200U);
  EXPECT_THAT(with_sources("How do I return it?", sources_of({first}, nullptr)), HasSubstr("Question: How do I return it?"));
}

TEST_F(GroundedAnswersTest, TheModelReadsPassagesAndTheAnswerIsCheckedWhileItIsWritten) {
  auto const grounded = model(guard::OnUnsupported::replace);
  auto const job = ask(*grounded, "产品保修期多久？");
  ASSERT_EQ(inner_->asked.size(), 1U);
  EXPECT_THAT(inner_->asked[0].messages.back().text, HasSubstr("[1] 本产品保修期为三年"));
  ASSERT_EQ(grounds().size(), 1U) << "before the first word";
  EXPECT_EQ(grounds()[0].sources[0].path, "faq.md");
  inner_->say(Delta{"保修期为三年。[1]电池保修"});
  EXPECT_EQ(text(), "保修期为三年。[1]");
  inner_->say(Delta{"两年。"});
  inner_->say(Finish{language::FinishReason::stop, {1, 0, 2}});
  EXPECT_EQ(text(), "保修期为三年。[1]抱歉，我无法验证该信息的准确性。");
  ASSERT_EQ(grounds().size(), 2U);
  auto const last = grounds()[1];
  EXPECT_TRUE(last.whole);
  EXPECT_EQ(last.citations, (std::vector<language::Citation>{{1, 7, 10}}));
  ASSERT_EQ(last.claims.size(), 2U);
  EXPECT_EQ(last.claims[0].verdict, "supported");
  EXPECT_EQ(last.claims[1].done, "replaced");
  EXPECT_TRUE(std::holds_alternative<Finish>(heard_.back()));
}

TEST_F(GroundedAnswersTest, PassagesPassTheGuardBeforeTheModelAndTheClientSeeThem) {
  auto const guard = guard::Guard::compile({}).value();
  auto const grounded = model(guard::OnUnsupported::flag, guard);
  auto const job = ask(*grounded, "客服电话是多少？");
  ASSERT_EQ(inner_->asked.size(), 1U) << "a number in a passage is no reason to refuse the question";
  EXPECT_THAT(inner_->asked[0].messages.back().text, HasSubstr("[手机号]"));
  EXPECT_THAT(inner_->asked[0].messages.back().text, Not(HasSubstr("138")));
  EXPECT_THAT(grounds().at(0).sources.at(0).text, Not(HasSubstr("138")));
}

TEST_F(GroundedAnswersTest, ARefusedQuestionEndsAsSuchEvenIfTheListenerLetsGoInTheMiddle) {
  auto const guard = guard::Guard::compile({}).value();
  auto const grounded = model(guard::OnUnsupported::replace, guard);
  embedder_->slow = true;
  std::optional<core::Job> job;
  language::GenerateRequest request;
  request.messages = {{Speaker::user, "产品保修期多久？我的身份证号是110101199003070011"}};
  job = grounded->generate(std::move(request), [&](Piece piece) {
    bool const over = std::holds_alternative<Finish>(piece);
    heard_.push_back(std::move(piece));
    if (over) job.reset();  // as the routes do: inside the call that brings the end
  });
  embedder_->later();
  EXPECT_EQ(text(), "检测到敏感信息输入");
  ASSERT_TRUE(std::holds_alternative<Finish>(heard_.back()));
  EXPECT_EQ(std::get<Finish>(heard_.back()).reason, language::FinishReason::content_filter);
  EXPECT_THAT(inner_->asked, IsEmpty());
}

TEST_F(GroundedAnswersTest, GivingUpStopsTheSearchOrTheModelWhicheverIsUnderWay) {
  auto const grounded = model(guard::OnUnsupported::flag);
  embedder_->slow = true;
  {
    auto const job = ask(*grounded, "产品保修期多久？");
  }
  EXPECT_TRUE(embedder_->token.stop_requested());
  embedder_->later();  // an embedder may be late
  EXPECT_THAT(inner_->asked, IsEmpty());
  embedder_->slow = false;
  {
    auto const job = ask(*grounded, "产品保修期多久？");
    EXPECT_FALSE(inner_->stopped.stop_requested());
  }
  EXPECT_TRUE(inner_->stopped.stop_requested());
}

TEST_F(GroundedAnswersTest, WhileTheUserSpeaksPassagesAreFoundAndRead) {
  auto const grounded = model(guard::OnUnsupported::flag);
  language::GenerateRequest ahead;
  ahead.messages = {{Speaker::system, "你是小店的客服。"}, {Speaker::user, "产品保修期"}};
  ahead.tools = {{"dial", "", "{}"}};
  auto const reading = grounded->read_ahead(ahead);
  ASSERT_EQ(inner_->read.size(), 1U);
  EXPECT_EQ(inner_->read[0].tools, ahead.tools);
  EXPECT_FALSE(inner_->reading.stop_requested()) << "it goes on until the real question comes";
  auto const job = ask(*grounded, "产品保修期？");
  auto const& read = inner_->read[0].messages.back().text;
  auto const& asked = inner_->asked.at(0).messages.back().text;
  auto const up_to = read.find("问题：");
  ASSERT_NE(up_to, std::string::npos);
  EXPECT_EQ(asked.substr(0, up_to), read.substr(0, up_to)) << "everything before the question has been read";
}

TEST_F(GroundedAnswersTest, WithoutAHitOrABaseTheModelIsAskedAsItWouldHaveBeen) {
  auto const grounded = model(guard::OnUnsupported::flag);
  auto const job = ask(*grounded, "zzz qqq");
  EXPECT_EQ(inner_->asked.at(0).messages.back().text, "zzz qqq");
  GroundedModel nowhere(inner_, room_, {{"no-such-base"}});
  auto const second = ask(nowhere, "产品保修期多久？");
  EXPECT_EQ(inner_->asked.at(1).messages.back().text, "产品保修期多久？");
}

}  // namespace
}  // namespace parley::app
