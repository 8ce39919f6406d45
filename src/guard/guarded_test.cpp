#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/utf8.hpp"
#include "guard/guarded_model.hpp"
#include "guard/guarded_recogniser.hpp"

namespace parley::guard {
namespace {

using language::Delta;
using language::Finish;
using language::FinishReason;
using language::Message;
using language::Piece;
using language::Speaker;

std::shared_ptr<Guard const> the_guard() {
  static auto const guard = Guard::compile({}).value();
  return guard;
}

/// Remembers what it was asked, and says what it is told to, in the given pieces.
class ScriptedModel final : public language::Model {
 public:
  std::string name() const override { return "scripted"; }
  core::Job generate(language::GenerateRequest request, Sink sink) override {
    asked = std::move(request.messages);
    std::stop_source source;
    stopped = source.get_token();
    for (auto const& piece : pieces) {
      Delta delta{piece};
      if (request.sampling.alternatives > 0) delta.tokens = {{.chosen = {piece, -0.5F}, .likeliest = {}}};
      sink(std::move(delta));
    }
    if (!arguments.empty()) sink(language::ToolCallBegan{"call_1", "dial"});
    for (auto const& piece : arguments) sink(language::ToolCallArguments{"call_1", piece});
    sink(Finish{FinishReason::stop, {.prompt_tokens = 3, .cached_tokens = 0, .completion_tokens = 5}});
    return core::Job(std::move(source));
  }
  core::Job prepare(std::vector<Message> messages, core::Urgency) override {
    prepared = std::move(messages);
    return {};
  }

  std::vector<std::string> pieces, arguments;
  std::vector<Message> asked, prepared;
  std::stop_token stopped;
};

struct Heard {
  std::string text, arguments;
  int ends = 0;
  FinishReason reason = FinishReason::stop;
};

struct GuardedModelTest : testing::Test {
  explicit GuardedModelTest(std::shared_ptr<Guard const> guard = the_guard()) : model(inner, std::move(guard)) {}

  Heard ask(std::vector<Message> messages) {
    Heard heard;
    auto const job = model.generate({.messages = std::move(messages), .sampling = {}, .urgency = {}}, [&](Piece piece) {
      EXPECT_EQ(heard.ends, 0) << "nothing may follow the end";
      if (auto const* delta = std::get_if<Delta>(&piece)) {
        EXPECT_TRUE(core::is_valid_utf8(delta->text));
        heard.text += delta->text;
      } else if (auto const* part = std::get_if<language::ToolCallArguments>(&piece)) {
        heard.arguments += part->delta;
      } else if (auto const* call = std::get_if<language::ToolCallBegan>(&piece)) {
        EXPECT_EQ(call->name, "dial");
      } else {
        ++heard.ends;
        if (auto const* finish = std::get_if<Finish>(&piece)) heard.reason = finish->reason;
      }
    });
    return heard;
  }

  std::shared_ptr<ScriptedModel> inner = std::make_shared<ScriptedModel>();
  GuardedModel model;
};

TEST_F(GuardedModelTest, WhatIsRefusedNeverReachesTheModel) {
  auto const heard = ask({{Speaker::system, "你是助手"}, {Speaker::user, "我的银行卡号是6222023393009442597"}});
  EXPECT_EQ(heard.text, "检测到敏感信息输入");
  EXPECT_EQ(heard.reason, FinishReason::content_filter);
  EXPECT_EQ(heard.ends, 1);
  EXPECT_TRUE(inner->asked.empty());
  EXPECT_EQ(ask({{Speaker::user, "my api key is sk-0123456789abcdef0123456789abcdef"}}).text,
            "Sensitive information was detected in the input.");
}

TEST_F(GuardedModelTest, TheConversationGoesOnAfterARefusal) {
  inner->pieces = {"好的"};
  auto const heard = ask(
      {{Speaker::user, "身份证号：110101199003070011"}, {Speaker::assistant, "检测到敏感信息输入"}, {Speaker::user, "那算了"}});
  EXPECT_EQ(heard.text, "好的");
  EXPECT_EQ(inner->asked[0].text, "身份证号：[身份证号]");
}

TEST_F(GuardedModelTest, PlaceholdersComeBackEvenWhenTokensCutThem) {
  inner->pieces = {"好的，我会打", "[手", "机号", "1", "]给您，备用是［手机号 2］", "，邮件[邮", "箱1]。"};
  auto const heard = ask({{Speaker::user, "打13800138000，或者一三九零零一三九零零零，邮箱li@163.com；对，就是138-0013-8000"}});
  EXPECT_EQ(inner->asked[0].text, "打[手机号1]，或者[手机号2]，邮箱[邮箱1]；对，就是[手机号1]");
  EXPECT_EQ(heard.text, "好的，我会打13800138000给您，备用是一三九零零一三九零零零，邮件li@163.com。");
  EXPECT_EQ(heard.reason, FinishReason::stop);
}

TEST_F(GuardedModelTest, ScoresOfTokensComeWithTheirTextAndEndWhereItIsMasked) {
  auto const scored = [&] {
    std::string tokens;
    language::GenerateRequest request{.messages = {{Speaker::user, "你好"}}, .sampling = {}, .urgency = {}};
    request.sampling.alternatives = 1;
    auto const job = model.generate(std::move(request), [&](Piece piece) {
      if (auto const* delta = std::get_if<Delta>(&piece)) {
        for (auto const& token : delta->tokens) tokens += "<" + token.chosen.bytes + ">";
      }
    });
    return tokens;
  };
  inner->pieces = {"Call me ", "at no", "on", "."};  // the end of a word waits in the gate
  EXPECT_EQ(scored(), "<Call me ><at no><on><.>");
  inner->pieces = {"好的，", "卡号是", "6222023", "393009442597", "。"};
  auto const masked = scored();
  EXPECT_THAT(masked, testing::StartsWith("<好的，>"));
  EXPECT_THAT(masked, testing::Not(testing::HasSubstr("6222023")));
}

TEST_F(GuardedModelTest, ArgumentsOfToolsPassTheSameGate) {
  inner->arguments = {R"({"number": "[手)", R"(机号1]", "cc": "139)", R"(00139000"})"};
  auto const heard = ask({{Speaker::user, "打13800138000"},
                          {Speaker::assistant, "", {{"call_0", "dial", R"({"number": "13800138000"})"}}},
                          {Speaker::tool, "占线，另有 13700137000", {}, "call_0"}});
  EXPECT_EQ(inner->asked[1].calls[0].arguments, R"({"number": "[手机号1]"})");
  EXPECT_EQ(inner->asked[2].text, "占线，另有 [手机号]");
  EXPECT_EQ(heard.arguments, R"({"number": "13800138000", "cc": "[phone number]"})");
}

TEST_F(GuardedModelTest, ABracketThatIsNoPlaceholderPasses) {
  inner->pieces = {"见表[", "1] 和 [[", "手机号9]", "]，[未完"};
  EXPECT_EQ(ask({{Speaker::user, "打13800138000"}}).text, "见表[1] 和 [[手机号9]]，[未完");
}

TEST_F(GuardedModelTest, WhatTheModelMakesUpIsMasked) {
  inner->pieces = {"他的电话是1", "39", "0013", "9000", "，别外传"};
  EXPECT_EQ(ask({{Speaker::user, "老王的电话？"}}).text, "他的电话是[手机号]，别外传");
}

TEST_F(GuardedModelTest, PreparesWhatWillBeAsked) {
  std::vector<Message> const messages{{Speaker::system, "你是助手"}, {Speaker::user, "打13800138000"}};
  auto const job = model.prepare(messages, core::Urgency::background);
  inner->pieces = {"好"};
  ask(messages);
  EXPECT_EQ(inner->prepared, inner->asked);
}

TEST_F(GuardedModelTest, WhatWasSaidEarlierIsCountedOnce) {
  auto const before = the_guard()->report().snapshot().flows[Direction::in];
  inner->pieces = {"好"};
  ask({{Speaker::user, "打13800138000"}, {Speaker::assistant, "好"}, {Speaker::user, "现在"}});
  auto const after = the_guard()->report().snapshot().flows[Direction::in];
  EXPECT_EQ(after.streams - before.streams, 1U);
  EXPECT_EQ(after.streams_hit, before.streams_hit);
}

struct RefusingModelTest : GuardedModelTest {
  static std::shared_ptr<Guard const> refusing() {
    Policy policy;
    policy.actions[static_cast<std::size_t>(Rule::secret)].out = Action::refuse;
    return Guard::compile(policy).value();
  }
  RefusingModelTest() : GuardedModelTest(refusing()) {}
};

TEST_F(RefusingModelTest, AnAnswerThatIsRefusedStopsTheModel) {
  inner->pieces = {"密钥在这里 ", "sk-0123456789", "abcdef0123456789abcdef", " 还有", "更多"};
  auto const heard = ask({{Speaker::user, "给我密钥"}});
  EXPECT_EQ(heard.text, "密钥在这里 抱歉，这部分内容包含敏感信息，不能提供。");
  EXPECT_EQ(heard.reason, FinishReason::content_filter);
  EXPECT_TRUE(inner->stopped.stop_requested());
}

class FakeRecogniser final : public speech::Recogniser {
 public:
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    sink(speech::Transcript{
        .revision = 1, .text = "我的身份证号是110101199003070011", .language = "zh", .mean_log_probability = 0});
    sink(core::fail(core::Code::busy, "later"));
    return nullptr;
  }
};

TEST(GuardedRecogniser, TranscriptsHoldLabels) {
  GuardedRecogniser const recogniser(std::make_shared<FakeRecogniser>(), the_guard());
  std::vector<std::string> heard;
  auto const utterance = recogniser.open({}, [&](core::Result<speech::Transcript> transcript) {
    heard.push_back(transcript ? transcript->text : transcript.error().message);
  });
  EXPECT_THAT(heard, testing::ElementsAre("我的身份证号是[身份证号]", "later"));
}

class TimedRecogniser final : public speech::Recogniser {
 public:
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    speech::Segment one{.text = "你好。", .begin = {0}, .end = {100}, .words = {{"你", {0}, {50}}, {"好", {50}, {100}}}};
    speech::Segment two{.text = "号码是110101199003070011", .begin = {100}, .end = {200}, .words = {{"号", {100}, {120}}}};
    sink(speech::Transcript{.revision = 1, .text = one.text + two.text, .language = "zh", .segments = {one, two}});
    return nullptr;
  }
};

TEST(GuardedRecogniser, SegmentsAndWordsHoldNothingOfIt) {
  GuardedRecogniser const recogniser(std::make_shared<TimedRecogniser>(), the_guard());
  std::vector<speech::Segment> heard;
  auto const utterance =
      recogniser.open({}, [&](core::Result<speech::Transcript> const& transcript) { heard = transcript->segments; });
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].text, "你好。");
  EXPECT_EQ(heard[0].words.size(), 2U);
  EXPECT_EQ(heard[1].text, "号码是[身份证号]");
  EXPECT_TRUE(heard[1].words.empty());
}

TEST(GuardedRecogniser, CountsUnderTheCallersKeyAndOnceForAllItsForms) {
  auto const guard = Guard::compile({}).value();
  GuardedRecogniser const recogniser(std::make_shared<TimedRecogniser>(), guard);
  speech::RecogniserOptions options;
  options.client = "key_1";
  auto const utterance = recogniser.open(options, [](core::Result<speech::Transcript> const&) {});
  EXPECT_THAT(guard->report().snapshot().hits,
              testing::ElementsAre(testing::Pair(std::tuple("cn_id18", Direction::in, Action::mask, "key_1"), 1U)));
}

TEST(Report, CountsWithoutASecret) {
  auto const guard = Guard::compile({}).value();
  for (int i = 0; i < 3; ++i) (void)guard->check(Direction::out, "电话13800138000", {.client = "key_1"});
  (void)guard->check(Direction::in, "你好");
  (void)guard->check(Direction::in, "电话13800138000", {.counted = false});
  auto const report = guard->report().snapshot();
  EXPECT_EQ(report.hits.at({"cn_mobile", Direction::out, Action::mask, "key_1"}), 3U);
  EXPECT_EQ(report.flows.at(Direction::in).streams_hit, 0U);
  EXPECT_EQ(report.flows.at(Direction::out).streams_hit, 3U);
  auto const text = prometheus(report);
  EXPECT_THAT(text, testing::HasSubstr(
                        "parley_guard_hits_total{rule=\"cn_mobile\",direction=\"out\",action=\"mask\",key=\"key_1\"} 3\n"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("13800138")));
  EXPECT_THAT(summary(report), testing::StartsWith("3 of 4 texts held something (cn_mobile 3), 0 refused; "));
}

TEST(Policy, TheShippedFileIsTheDefaultAndMistakesNameTheLine) {
  auto const shipped = load_policy(PARLEY_SOURCE_DIR "/config/guard.yaml");
  ASSERT_TRUE(shipped) << core::describe(shipped.error());
  EXPECT_EQ(shipped->actions, Policy::defaults());
  EXPECT_EQ(shipped->refusal_in.zh, Policy{}.refusal_in.zh);
  EXPECT_EQ(shipped->injection_threshold, Policy{}.injection_threshold);
  EXPECT_TRUE(parse_policy("", "g.yaml"));
  EXPECT_EQ(parse_policy("rules: {email: log}", "g.yaml")->of(Rule::email), (Actions{Action::log, Action::log, Action::log}));
  EXPECT_EQ(parse_policy("rules:\n  emial: mask\n", "g.yaml").error().message,
            "line 2: 'rules' has no key 'emial'; did you mean 'email'?");
  EXPECT_THAT(parse_policy("rules: {email: {in: drop}}", "g.yaml").error().message,
              testing::HasSubstr("log, mask, replace or refuse"));
  EXPECT_THAT(parse_policy("words: {a: {file: none.txt}}", "/nowhere/g.yaml").error().message, testing::HasSubstr("none.txt"));
  EXPECT_THAT(parse_policy("a: b: c", "g.yaml").error().message, testing::HasSubstr("no YAML"));
}

}  // namespace
}  // namespace parley::guard
