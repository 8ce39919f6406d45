// From written text to sound through everything that lies between, with the real models.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "engine/kokoro_voice.hpp"
#include "engine/openvino/test_models.hpp"

namespace parley::engine {
namespace {

using namespace std::chrono_literals;

class KokoroVoiceModel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto symbols = KokoroSymbols::load(test_model("mandarin-lexicon"));
    if (!symbols) return;
    house_ = std::make_unique<House>();
    if (auto kokoro = Kokoro::load(house_->openvino, house_->arbiter, test_model("kokoro-82m"))) {
      house_->voice = std::make_unique<KokoroVoice>(house_->arbiter, *kokoro, std::move(*symbols));
    } else {
      house_.reset();
    }
  }
  static void TearDownTestSuite() { house_.reset(); }
  void SetUp() override {
    if (!house_) GTEST_SKIP() << "parley models pull kokoro-82m mandarin-lexicon";
  }

  struct Heard {
    std::mutex mutex;
    std::condition_variable news;
    audio::Samples samples;
    std::optional<core::Error> error;
    int blocks = 0;
    bool ended = false;
  };

  [[nodiscard]] static core::Job speak(std::shared_ptr<Heard> heard, std::string text, std::string language,
                                       std::string voice) {
    return house_->voice->speak({.text = std::move(text), .language = std::move(language), .voice = std::move(voice)},
                                [heard](core::Result<speech::SpokenBlock> block) {
                                  std::lock_guard lock(heard->mutex);
                                  ++heard->blocks;
                                  if (!block) heard->error = block.error();
                                  if (block)
                                    heard->samples.insert(heard->samples.end(), block->samples.begin(), block->samples.end());
                                  heard->ended = !block || block->last;
                                  heard->news.notify_all();
                                });
  }
  static bool wait(Heard& heard) {
    std::unique_lock lock(heard.mutex);
    return heard.news.wait_for(lock, 120s, [&] { return heard.ended; });
  }

  struct House {
    OpenVino openvino{test_home() / "cache/openvino"};
    Arbiter arbiter;
    std::unique_ptr<KokoroVoice> voice;
  };
  inline static std::unique_ptr<House> house_;  // loaded once: it takes seconds
};

TEST_F(KokoroVoiceModel, SpeaksBothLanguagesInOneClause) {
  auto const heard = std::make_shared<Heard>();
  auto const job = speak(heard, "你好，我用Python写了2个程序。", "zh", "kokoro:zf_xiaoxiao");
  ASSERT_TRUE(wait(*heard));
  ASSERT_FALSE(heard->error) << core::describe(*heard->error);
  auto const seconds = static_cast<double>(heard->samples.size()) / audio::spoken_hz;
  EXPECT_GT(seconds, 2.0);
  EXPECT_LT(seconds, 8.0);
}

TEST_F(KokoroVoiceModel, WhatCannotBeSaidIsDoneAtOnceAndAnUnknownVoiceIsAnError) {
  auto const silent = std::make_shared<Heard>();
  auto const quiet = speak(silent, "😀 **", "zh", "kokoro:zf_xiaoxiao");
  ASSERT_TRUE(wait(*silent));
  EXPECT_FALSE(silent->error);
  EXPECT_TRUE(silent->samples.empty());

  auto const wrong = std::make_shared<Heard>();
  auto const job = speak(wrong, "你好。", "zh", "kokoro:zf_nobody");
  ASSERT_TRUE(wait(*wrong));
  ASSERT_TRUE(wrong->error);
  EXPECT_EQ(wrong->error->code, core::Code::not_found);
  EXPECT_FALSE(house_->voice->check("kokoro:zf_nobody"));
  EXPECT_TRUE(house_->voice->check("kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4"));
}

TEST_F(KokoroVoiceModel, ADroppedJobFallsSilent) {
  auto const heard = std::make_shared<Heard>();
  {
    auto const job = speak(heard, "这句话说得很长很长，可是没有人再想听下去了，所以它应该马上停下来，一个字也不要多说。", "zh",
                           "kokoro:zf_xiaoxiao");
  }
  auto const next = std::make_shared<Heard>();
  auto const job = speak(next, "好。", "zh", "kokoro:zf_xiaoxiao");
  ASSERT_TRUE(wait(*next));
  EXPECT_FALSE(next->error);
  std::lock_guard lock(heard->mutex);
  EXPECT_LE(heard->blocks, 2);
}

TEST_F(KokoroVoiceModel, VoicesSayWhatTheySpeak) {
  auto const voices = house_->voice->voices();
  EXPECT_THAT(voices,
              testing::Contains(testing::AllOf(testing::Field(&speech::VoiceInfo::name, "kokoro:zf_xiaoxiao"),
                                               testing::Field(&speech::VoiceInfo::languages, testing::ElementsAre("zh")))));
}

}  // namespace
}  // namespace parley::engine
