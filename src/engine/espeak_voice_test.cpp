#include "engine/espeak_voice.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <future>

#include "engine/phonemes/process.hpp"

namespace parley::engine {
namespace {

using namespace std::chrono_literals;

core::Result<speech::SpokenBlock> say(Arbiter& arbiter, std::string text, std::string language, float speed = 1.0F) {
  auto heard = std::make_shared<std::promise<core::Result<speech::SpokenBlock>>>();
  auto future = heard->get_future();
  auto const voice = "espeak:" + language;
  auto const job =
      EspeakVoice(arbiter).speak({.text = std::move(text), .language = std::move(language), .voice = voice, .speed = speed},
                                 [heard](auto block) { heard->set_value(std::move(block)); });
  if (future.wait_for(20s) != std::future_status::ready) return core::fail(core::Code::deadline, "no sound came");
  return future.get();
}

class EspeakVoiceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!run_process({"espeak-ng", "--version"}, "", 5s)) GTEST_SKIP() << "espeak-ng is not installed";
  }
  Arbiter arbiter_;
};

TEST_F(EspeakVoiceTest, SpeaksBothLanguages) {
  for (auto const& [text, language] :
       {std::pair{"你好，今天是2024年3月5日。", "zh"}, std::pair{"Good morning, it is 8:30.", "en"}}) {
    auto const block = say(arbiter_, text, language);
    ASSERT_TRUE(block) << core::describe(block.error());
    EXPECT_TRUE(block->last);
    EXPECT_GT(block->samples.size(), 24000U) << text;  // more than a second
    EXPECT_TRUE(std::ranges::any_of(block->samples, [](float s) { return std::abs(s) > 0.05F; }));
  }
}

TEST_F(EspeakVoiceTest, TwiceAsFastIsShorter) {
  auto const slow = say(arbiter_, "This sentence takes a while to say.", "en");
  auto const fast = say(arbiter_, "This sentence takes a while to say.", "en", 2.0F);
  ASSERT_TRUE(slow && fast);
  EXPECT_LT(fast->samples.size() * 3, slow->samples.size() * 2);
}

TEST_F(EspeakVoiceTest, NothingToSayIsNoError) {
  for (auto const* const text : {"", "😀", "**"}) {
    auto const block = say(arbiter_, text, "zh");
    ASSERT_TRUE(block) << text << ": " << core::describe(block.error());
    EXPECT_TRUE(block->last);
  }
}

TEST_F(EspeakVoiceTest, KnowsItsTwoVoices) {
  EspeakVoice const voice(arbiter_);
  EXPECT_TRUE(voice.check("espeak:zh"));
  EXPECT_FALSE(voice.check("espeak:xx"));
  EXPECT_EQ(voice.voices().size(), 2U);
}

}  // namespace
}  // namespace parley::engine
