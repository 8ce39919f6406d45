#include <gmock/gmock.h>

#include "cloud/resilience/failover_model.hpp"
#include "cloud/resilience/failover_recogniser.hpp"
#include "cloud/resilience/failover_synthesiser.hpp"

namespace parley::cloud {
namespace {

using namespace std::chrono_literals;
using core::Code;
using language::Speaker;

core::Error error(Code code) { return {code, "out of order", "", {}}; }

/// Says its pieces, then fails or finishes; remembers what it was asked.
class FakeModel final : public language::Model {
 public:
  FakeModel(std::vector<std::string> pieces, std::optional<Code> failure) : pieces_(std::move(pieces)), failure_(failure) {}
  std::string name() const override { return "fake"; }
  core::Job generate(language::GenerateRequest request, Sink sink) override {
    asked.push_back(std::move(request));
    for (auto const& piece : pieces_) sink(language::Delta{piece});
    if (failure_) {
      sink(error(*failure_));
    } else {
      sink(language::Finish{});
    }
    return {};
  }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }
  core::Job read_ahead(language::GenerateRequest request) override {
    ahead.push_back(std::move(request));
    return {};
  }
  std::vector<language::GenerateRequest> asked, ahead;

 private:
  std::vector<std::string> pieces_;
  std::optional<Code> failure_;
};

struct Answer {
  std::string text;
  std::optional<Code> error;
};
Answer answer(FailoverModel& model) {
  Answer out;
  language::GenerateRequest request;
  request.messages = {{Speaker::user, "问"}};
  auto const job = model.generate(request, [&](language::Piece piece) {
    if (auto const* delta = std::get_if<language::Delta>(&piece)) out.text += delta->text;
    if (auto const* e = std::get_if<core::Error>(&piece)) out.error = e->code;
  });
  return out;
}

TEST(FailoverModel, TheNextGoesOnWhereTheFirstBrokeOff) {
  auto const first = std::make_shared<FakeModel>(std::vector<std::string>{"今天", "天气"}, Code::unavailable);
  auto const second = std::make_shared<FakeModel>(std::vector<std::string>{"很好。"}, std::nullopt);
  FailoverModel model({{"first", first}, {"second", second}});
  auto const said = answer(model);
  EXPECT_EQ(said.text, "今天天气很好。");
  EXPECT_FALSE(said.error);
  auto const& messages = second->asked.at(0).messages;
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[1], (language::Message{Speaker::assistant, "今天天气"}));
  EXPECT_EQ(messages[2].speaker, Speaker::user);
}

TEST(FailoverModel, WhatIsReadAheadComesWithItsTools) {
  auto const first = std::make_shared<FakeModel>(std::vector<std::string>{}, std::nullopt);
  FailoverModel model({{"first", first}, {"second", first}});
  language::GenerateRequest request;
  request.tools = {{"get_weather", "", "{}"}};
  auto const job = model.read_ahead(request);
  ASSERT_EQ(first->ahead.size(), 1U);
  EXPECT_EQ(first->ahead[0].tools, request.tools);
}

TEST(FailoverModel, WhatFailsAgainAndAgainIsNoLongerAsked) {
  auto const first = std::make_shared<FakeModel>(std::vector<std::string>{}, Code::unavailable);
  auto const second = std::make_shared<FakeModel>(std::vector<std::string>{"好"}, std::nullopt);
  FailoverModel model({{"first", first}, {"second", second}});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(answer(model).text, "好");
  EXPECT_EQ(first->asked.size(), 3U);
  EXPECT_EQ(second->asked.size(), 10U);
}

TEST(FailoverModel, ARefusedTextIsNotCarriedToTheNext) {
  auto const first = std::make_shared<FakeModel>(std::vector<std::string>{}, Code::invalid);
  auto const second = std::make_shared<FakeModel>(std::vector<std::string>{"好"}, std::nullopt);
  FailoverModel model({{"first", first}, {"second", second}});
  EXPECT_EQ(answer(model).error, Code::invalid);
  EXPECT_TRUE(second->asked.empty());
}

TEST(FailoverModel, WhenNobodyCanTheLastReasonIsTold) {
  auto const first = std::make_shared<FakeModel>(std::vector<std::string>{}, Code::permission);
  auto const second = std::make_shared<FakeModel>(std::vector<std::string>{}, Code::deadline);
  FailoverModel model({{"first", first}, {"second", second}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(answer(model).error, Code::deadline);
  EXPECT_EQ(first->asked.size(), 1U);  // a wrong key does not become right
}

/// Hears everything, gives a fixed text or fails.
class FakeRecogniser final : public speech::Recogniser {
 public:
  struct Heard {
    std::size_t samples = 0;
  };
  FakeRecogniser(std::string text, std::optional<Code> failure) : text_(std::move(text)), failure_(failure) {}
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    struct Stream final : speech::UtteranceRecogniser {
      Stream(FakeRecogniser const& owner, Sink s) : fake(owner), out(std::move(s)) {}
      void push(std::span<float const> samples) override { fake.heard->samples += samples.size(); }
      void transcribe(std::uint64_t revision, core::Urgency) override {
        if (fake.failure_) return out(std::unexpected(error(*fake.failure_)));
        out(speech::Transcript{revision, fake.text_, "zh", 0});
      }
      FakeRecogniser const& fake;
      Sink out;
    };
    return std::make_unique<Stream>(*this, std::move(sink));
  }
  std::shared_ptr<Heard> heard = std::make_shared<Heard>();

 private:
  std::string text_;
  std::optional<Code> failure_;
};

TEST(FailoverRecogniser, TheNextIsToldEverythingThatWasHeard) {
  auto const first = std::make_shared<FakeRecogniser>("", Code::unavailable);
  auto const second = std::make_shared<FakeRecogniser>("你好", std::nullopt);
  FailoverRecogniser recogniser({{"first", first}, {"second", second}});
  std::vector<core::Result<speech::Transcript>> said;
  auto const stream = recogniser.open({}, [&](auto result) { said.push_back(std::move(result)); });
  stream->push(audio::Samples(1000, 0.1F));
  stream->push(audio::Samples(500, 0.1F));
  stream->transcribe(4, core::Urgency::final_transcript);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0]->text, "你好");
  EXPECT_EQ(said[0]->revision, 4U);
  EXPECT_EQ(second->heard->samples, 1500U);
  stream->push(audio::Samples(100, 0.1F));
  stream->transcribe(5, core::Urgency::final_transcript);
  EXPECT_EQ(said.back()->revision, 5U);
  EXPECT_EQ(first->heard->samples, 1500U);
  EXPECT_EQ(second->heard->samples, 1600U);
}

TEST(FailoverRecogniser, WhenNobodyHearsItIsTold) {
  auto const first = std::make_shared<FakeRecogniser>("", Code::unavailable);
  FailoverRecogniser recogniser({{"first", first}});
  std::optional<core::Result<speech::Transcript>> said;
  auto const stream = recogniser.open({}, [&](auto result) { said = std::move(result); });
  stream->transcribe(1, core::Urgency::final_transcript);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->error().code, Code::unavailable);
}

/// Speaks blocks whose samples count upwards; fails behind some of them.
class FakeVoice final : public speech::Synthesiser {
 public:
  FakeVoice(std::string prefix, int blocks, std::optional<Code> failure)
      : prefix_(std::move(prefix)), blocks_(blocks), failure_(failure) {}
  std::vector<speech::VoiceInfo> voices() const override { return {{prefix_ + "a", {"zh"}, ""}}; }
  core::Result<void> check(std::string const& voice) const override {
    if (voice.starts_with(prefix_)) return {};
    return core::fail(Code::not_found, "no such voice", voice);
  }
  core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    spoken->push_back(request.voice);
    float value = 0;
    for (int b = 0; b < blocks_; ++b) {
      audio::Samples samples(100);
      for (auto& s : samples) s = value++;
      sink(speech::SpokenBlock{std::move(samples), false});
    }
    if (failure_) {
      sink(std::unexpected(error(*failure_)));
    } else {
      sink(speech::SpokenBlock{{}, true});
    }
    return {};
  }
  std::shared_ptr<std::vector<std::string>> spoken = std::make_shared<std::vector<std::string>>();

 private:
  std::string prefix_;
  int blocks_;
  std::optional<Code> failure_;
};

audio::Samples sound_of(FailoverSynthesiser const& synthesiser, std::string const& voice,
                        std::optional<Code>* failure = nullptr) {
  audio::Samples all;
  bool last = false;
  auto const job = synthesiser.speak({"你好", "zh", voice, 1.0F, {}}, [&](core::Result<speech::SpokenBlock> block) {
    EXPECT_FALSE(last) << "something came behind the last block";
    last = !block || block->last;
    if (block) all.insert(all.end(), block->samples.begin(), block->samples.end());
    if (!block && failure != nullptr) *failure = block.error().code;
  });
  EXPECT_TRUE(last);
  return all;
}

TEST(FailoverSynthesiser, NothingIsHeardTwiceAndNothingIsMissing) {
  auto const far = std::make_shared<FakeVoice>("", 3, Code::unavailable);
  auto const near = std::make_shared<FakeVoice>("kokoro:", 10, std::nullopt);
  FailoverSynthesiser const voice(
      {{"doubao", far, false, {}, {{"zh", "doubao:vv"}}}, {"local", near, true, {}, {{"zh", "kokoro:x"}}}});
  auto const heard = sound_of(voice, "doubao:vv");
  ASSERT_EQ(heard.size(), 1000U);
  for (std::size_t i = 0; i < heard.size(); ++i) ASSERT_EQ(heard[i], static_cast<float>(i));
}

TEST(FailoverSynthesiser, ARolesVoiceHasAStandInInEveryHouse) {
  auto const far = std::make_shared<FakeVoice>("", 1, std::nullopt);
  auto const near = std::make_shared<FakeVoice>("kokoro:", 1, std::nullopt);
  std::vector<FailoverSynthesiser::Speaker> const both{
      {"doubao", far, false, {{"kokoro:zm_yunxi", "doubao:m191"}}, {{"zh", "doubao:vv"}}},
      {"local", near, true, {}, {{"zh", "kokoro:x"}}}};
  FailoverSynthesiser const far_first(both);
  sound_of(far_first, "kokoro:zf_xiaoxiao");
  sound_of(far_first, "kokoro:zm_yunxi");
  EXPECT_THAT(*far->spoken, testing::ElementsAre("doubao:vv", "doubao:m191"));
  EXPECT_TRUE(near->spoken->empty());
  EXPECT_TRUE(far_first.check("kokoro:zf_xiaoxiao"));

  FailoverSynthesiser const near_first({both[1], both[0]});
  sound_of(near_first, "kokoro:a");
  EXPECT_EQ(near->spoken->back(), "kokoro:a");
  sound_of(near_first, "doubao:special");  // a voice that names its service is spoken there
  EXPECT_EQ(far->spoken->back(), "doubao:special");
}

TEST(FailoverSynthesiser, AVoiceNobodyHasIsAnError) {
  auto const near = std::make_shared<FakeVoice>("kokoro:", 1, std::nullopt);
  FailoverSynthesiser const voice({{"local", near, true, {}, {}}});
  std::optional<Code> failure;
  sound_of(voice, "nobody", &failure);
  EXPECT_EQ(failure, Code::not_found);
  EXPECT_FALSE(voice.check("nobody"));
}

TEST(Breaker, OpensAfterThreeFailuresAndLetsOneTryToComeBack) {
  Breaker breaker;
  core::Instant now{};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(breaker.allow(now));
    breaker.failure(now, Code::unavailable);
  }
  EXPECT_FALSE(breaker.allow(now + 4s));
  EXPECT_TRUE(breaker.allow(now + 5s));
  EXPECT_FALSE(breaker.allow(now + 5s));  // only one
  breaker.failure(now + 5s, Code::deadline);
  EXPECT_FALSE(breaker.allow(now + 14s));  // twice as long
  EXPECT_TRUE(breaker.allow(now + 15s));
  breaker.success();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(breaker.allow(now + 15s));
}

TEST(Breaker, TheCallersOwnMistakesDoNotCountAndAWrongKeyCountsAtOnce) {
  Breaker breaker;
  core::Instant const now{};
  for (int i = 0; i < 10; ++i) breaker.failure(now, Code::invalid);
  for (int i = 0; i < 10; ++i) breaker.failure(now, Code::cancelled);
  EXPECT_TRUE(breaker.allow(now));
  breaker.failure(now, Code::permission);
  EXPECT_FALSE(breaker.allow(now + 60s));
  EXPECT_TRUE(breaker.allow(now + 120s));
}

}  // namespace
}  // namespace parley::cloud
