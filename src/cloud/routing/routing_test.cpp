#include <gmock/gmock.h>

#include "cloud/routing/routed_model.hpp"

namespace parley::cloud {
namespace {

using core::Code;
using language::GenerateRequest;
using language::Speaker;
using testing::ElementsAre;
using testing::HasSubstr;

/// Says its words with the score of each, then finishes, fails, or waits to be told to.
class Scripted final : public language::Model {
 public:
  explicit Scripted(std::vector<std::string> words, float logprob = 0, std::optional<Code> failure = {})
      : words_(std::move(words)), logprob_(logprob), failure_(failure) {}
  std::string name() const override { return "scripted"; }
  core::Job generate(GenerateRequest request, Sink sink) override {
    asked.push_back(request);
    std::stop_source source;
    stopped = source.get_token();
    for (auto const& word : words_) {
      language::Delta delta{word};
      if (request.sampling.alternatives >= 0 && logprob_ < 0) delta.tokens.push_back({{word, logprob_}, {}});
      sink(delta);
    }
    if (failure_) {
      sink(core::Error{*failure_, "out of order", "", {}});
    } else if (holds) {
      held.push_back(std::move(sink));
    } else {
      sink(language::Finish{language::FinishReason::stop, {.prompt_tokens = 100, .completion_tokens = 50}});
    }
    return core::Job(std::move(source));
  }
  core::Job prepare(std::vector<language::Message> messages, core::Urgency) override {
    prepared.push_back(messages.back().text);
    return {};
  }
  bool holds = false;
  std::vector<GenerateRequest> asked;
  std::vector<std::string> prepared;
  std::vector<Sink> held;
  std::stop_token stopped;

 private:
  std::vector<std::string> words_;
  float logprob_;
  std::optional<Code> failure_;
};

GenerateRequest asking(std::string const& text, std::string const& client = {}) {
  GenerateRequest request;
  request.messages = {{Speaker::user, text}};
  request.client = client;
  return request;
}

struct Answer {
  std::string text;
  std::size_t tokens = 0;
  bool finished = false;
  std::optional<Code> error;
};
language::Model::Sink into(Answer& answer) {
  return [&answer](language::Piece const& piece) {
    if (auto const* delta = std::get_if<language::Delta>(&piece)) {
      answer.text += delta->text;
      answer.tokens += delta->tokens.size();
    }
    if (std::holds_alternative<language::Finish>(piece)) answer.finished = true;
    if (auto const* e = std::get_if<core::Error>(&piece)) answer.error = e->code;
  };
}
Answer ask(language::Model& model, GenerateRequest request) {
  Answer answer;
  auto const job = model.generate(std::move(request), into(answer));
  return answer;
}

TEST(Rules, LookAtTaskLanguageLengthAndKey) {
  auto const zh = look_at(asking("用 Python 写一个函数", "key_1"));
  EXPECT_THAT(zh.tasks, ElementsAre("code"));
  EXPECT_EQ(zh.language, "zh");
  EXPECT_EQ(zh.characters, 14U);
  EXPECT_EQ(zh.client, "key_1");
  auto spoken = asking("how are you");
  spoken.urgency = core::Urgency::first_sound;
  EXPECT_THAT(look_at(spoken).tasks, ElementsAre("call", "chat"));
  spoken.tools = {{"weather", "", "{}"}};
  spoken.sampling.json_schema = "{}";
  EXPECT_THAT(look_at(spoken).tasks, ElementsAre("call", "json", "tools"));

  RouteRule const rule{.tasks = {"code"}, .languages = {"zh"}, .clients = {"key_1"}, .at_least = 14, .at_most = 14};
  EXPECT_TRUE(rule.fits(zh));
  EXPECT_FALSE(rule.fits(look_at(asking("用 Python 写一个函数", "key_2"))));
  EXPECT_FALSE(rule.fits(look_at(asking("用 Python 写两个函数吧", "key_1"))));
  EXPECT_FALSE(rule.fits(look_at(asking("write some Python", "key_1"))));
  EXPECT_TRUE(RouteRule{}.fits(look_at(spoken)));
}

struct Two {
  /// What nobody told to finish still holds its sink, which holds the model it is of.
  ~Two() {
    small->held.clear();
    large->held.clear();
  }
  std::shared_ptr<Scripted> small = std::make_shared<Scripted>(std::vector<std::string>{"小", "的"}, -0.1F);
  std::shared_ptr<Scripted> large = std::make_shared<Scripted>(std::vector<std::string>{"大", "的"});
  std::int64_t day = 1;

  std::shared_ptr<RoutedModel> routed(std::vector<RouteRule> rules, ModelLimits small_limits = {},
                                      ModelLimits large_limits = {}) {
    auto made = RoutedModel::make({{"small", {small, small_limits, {1, 0, 2}}}, {"large", {large, large_limits, {10, 0, 20}}}},
                                  std::move(rules), [this] { return day; });
    EXPECT_TRUE(made) << core::describe(made.error());
    return *made;
  }
};

TEST(RoutedModel, TheFirstRuleThatFitsHolds) {
  Two two;
  auto const model = two.routed({{.languages = {"zh"}, .use = {"large"}}, {.clients = {"key_9"}, .use = {"small"}}});
  EXPECT_EQ(ask(*model, asking("你好")).text, "大的");
  EXPECT_EQ(ask(*model, asking("hello", "key_9")).text, "小的");
  EXPECT_EQ(ask(*model, asking("hello")).error, Code::not_found);
  EXPECT_FALSE(RoutedModel::make({{"a", {two.small}}}, {{.use = {"b"}}}));
  (void)model->prepare({{Speaker::user, "你好"}}, core::Urgency::partial);
  EXPECT_THAT(two.large->prepared, ElementsAre("你好")) << "who will answer reads ahead";
  EXPECT_THAT(model->metrics(), HasSubstr("parley_routed_total{rule=\"1\"} 1\n"));
}

TEST(RoutedModel, AnAnswerThatBreaksOffIsContinuedByTheNextOfItsRule) {
  Two two;
  two.small = std::make_shared<Scripted>(std::vector<std::string>{"今天", "天气"}, 0, Code::unavailable);
  auto const model = two.routed({{.use = {"small", "large"}}});
  EXPECT_EQ(ask(*model, asking("怎么样？")).text, "今天天气大的");
  EXPECT_EQ(two.large->asked.at(0).messages.at(1).text, "今天天气");
}

TEST(RoutedModel, WhoIsFullIsPassedOver) {
  Two two;
  two.small->holds = true;
  auto const model = two.routed({{.use = {"small", "large"}}, {.use = {"small"}}}, {.at_once = 1});
  Answer first;
  auto const job = model->generate(asking("一"), into(first));
  EXPECT_EQ(ask(*model, asking("二")).text, "大的");
  EXPECT_THAT(model->metrics(), HasSubstr("parley_model_running{model=\"small\"} 1\n"));
  two.small->held.front()(language::Finish{});
  two.small->held.clear();
  EXPECT_TRUE(first.finished);
  EXPECT_THAT(model->metrics(), HasSubstr("parley_model_running{model=\"small\"} 0\n"));
  auto const next = model->generate(asking("三"), into(first));
  EXPECT_EQ(two.small->asked.size(), 2U);
}

TEST(RoutedModel, WhoHasCostEnoughIsPassedOverUntilTomorrow) {
  Two two;
  auto const model = two.routed({{.use = {"large", "small"}}, {.use = {"large"}}}, {}, {.daily_cost = 2});
  EXPECT_EQ(ask(*model, asking("一")).text, "大的");  // 100 · 10/1000 + 50 · 20/1000 = 2
  EXPECT_EQ(ask(*model, asking("二")).text, "小的");
  ++two.day;
  EXPECT_EQ(ask(*model, asking("三")).text, "大的");

  Two alone;
  auto const only = alone.routed({{.use = {"large"}}}, {}, {.daily_cost = 1});
  EXPECT_EQ(ask(*only, asking("一")).text, "大的");
  EXPECT_EQ(ask(*only, asking("二")).error, Code::busy);
}

TEST(RoutedModel, WhatWasGivenUpIsReckoned) {
  Two two;
  two.large->holds = true;
  auto const model = two.routed({{.use = {"large"}}}, {}, {.daily_cost = 100});
  Answer answer;
  {
    auto const job = model->generate(asking("一二三四"), into(answer));
    two.large->held.clear();
  }
  EXPECT_THAT(model->metrics(), HasSubstr("parley_model_cost_today{model=\"large\"} 0.06\n"));  // 2 and 2 tokens
}

TEST(RoutedModel, TheCheapestOrTheLeastBusy) {
  Two two;
  auto const model = two.routed({{.languages = {"zh"}, .use = {"large", "small"}, .prefer = Prefer::cheapest},
                                 {.use = {"large", "small"}, .prefer = Prefer::least_busy}});
  EXPECT_EQ(ask(*model, asking("你好")).text, "小的");
  two.large->holds = true;
  Answer waiting;
  auto const job = model->generate(asking("hello"), into(waiting));
  EXPECT_EQ(ask(*model, asking("hello")).text, "小的");
}

RouteRule cascade() { return {.use = {"large"}, .cascade = CascadeRule{.small = "small", .least_logprob = -0.5, .tokens = 2}}; }

TEST(Cascade, WhatTheSmallOneIsSureOfIsItsOwn) {
  Two two;
  auto const model = two.routed({cascade()});
  auto const said = ask(*model, asking("一加一"));
  EXPECT_EQ(said.text, "小的");
  EXPECT_TRUE(said.finished);
  EXPECT_EQ(said.tokens, 0U) << "nobody asked for scores but the cascade";
  EXPECT_TRUE(two.large->asked.empty());
  auto scored = asking("一加一");
  scored.sampling.alternatives = 3;
  EXPECT_EQ(ask(*model, scored).tokens, 2U);
  EXPECT_EQ(two.small->asked.back().sampling.alternatives, 3);
}

TEST(Cascade, WhatItIsUnsureOfIsAskedOfTheLargeOneAndNobodyHearsTheGuess) {
  Two two;
  two.small = std::make_shared<Scripted>(std::vector<std::string>{"大", "概", "是"}, -2.0F);
  auto const model = two.routed({cascade()});
  Answer answer;
  auto const job = model->generate(asking("难题"), into(answer));
  EXPECT_EQ(answer.text, "大的");
  EXPECT_TRUE(answer.finished);
  EXPECT_TRUE(two.small->stopped.stop_requested());
  EXPECT_EQ(two.large->asked.at(0).messages.size(), 1U) << "it is asked what was asked, not to go on";
  EXPECT_EQ(two.large->asked.at(0).sampling.alternatives, -1);
  EXPECT_THAT(model->metrics(), HasSubstr("parley_cascade_total{rule=\"1\",outcome=\"unsure\"} 1\n"));
}

TEST(Cascade, WhoFailsBeforeItIsJudgedIsFollowedByTheOther) {
  Two two;
  two.small = std::make_shared<Scripted>(std::vector<std::string>{}, -1.0F, Code::unavailable);
  EXPECT_EQ(ask(*two.routed({cascade()}), asking("你好")).text, "大的");
}

TEST(Cascade, WithoutScoresItIsTakenAsItComes) {
  Two two;
  two.small = std::make_shared<Scripted>(std::vector<std::string>{"好", "的"});
  EXPECT_EQ(ask(*two.routed({cascade()}), asking("你好")).text, "好的");
}

TEST(Cascade, GivenUpAtAnyMomentBothEnd) {
  Two two;
  two.small = std::make_shared<Scripted>(std::vector<std::string>{"大", "概"}, -2.0F);
  two.large->holds = true;
  auto const model = two.routed({cascade()});
  Answer answer;
  {
    auto const job = model->generate(asking("难题"), into(answer));
    EXPECT_FALSE(two.large->stopped.stop_requested());
  }
  EXPECT_TRUE(two.large->stopped.stop_requested());
}

}  // namespace
}  // namespace parley::cloud
