#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <vector>

#include "audio/file.hpp"
#include "core/test_folder.hpp"
#include "engine/ggml/whisper.hpp"

namespace parley::engine {
namespace {

using namespace std::chrono_literals;
using core::Urgency;
using speech::Transcript;
using ::testing::HasSubstr;

std::filesystem::path home() {
  if (char const* set = std::getenv("PARLEY_HOME")) return set;
  return std::filesystem::path(std::getenv("HOME")) / ".cache/parley";
}

audio::Samples recording(std::filesystem::path const& path) {
  auto read = audio::read_recording(path, audio::heard_hz);
  EXPECT_TRUE(read) << read.error().message;
  return read ? read->samples : audio::Samples{};
}

audio::Samples jfk() { return recording(home() / "samples/jfk.wav"); }
audio::Samples chinese(std::string const& name) {
  return recording(std::filesystem::path(PARLEY_SOURCE_DIR) / "src/engine/ggml/testdata" / name);
}

audio::Samples noise(double seconds, float level) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, level);
  audio::Samples samples(static_cast<std::size_t>(seconds * audio::heard_hz));
  for (float& x : samples) x = normal(random);
  return samples;
}

/// Collects what comes back.
class Answers {
 public:
  speech::Recogniser::Sink sink() {
    return [this](core::Result<Transcript> result) {
      std::lock_guard lock(mutex_);
      if (!result) {
        errors_.push_back(result.error().message);
      } else {
        by_revision_[result->revision] = *result;
        order_.push_back(result->revision);
      }
      changed_.notify_all();
    };
  }
  Transcript wait_for(std::uint64_t revision) {
    std::unique_lock lock(mutex_);
    bool const there = changed_.wait_for(lock, 120s, [&] { return by_revision_.contains(revision) || !errors_.empty(); });
    EXPECT_TRUE(there) << "revision " << revision << " never came";
    EXPECT_TRUE(errors_.empty()) << errors_.front();
    return by_revision_[revision];
  }
  std::vector<std::uint64_t> order() {
    std::lock_guard lock(mutex_);
    return order_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Transcript> by_revision_;
  std::vector<std::uint64_t> order_;
  std::vector<std::string> errors_;
};

class WhisperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    arbiter_ = std::make_unique<Arbiter>();
    auto loaded = Whisper::load(home() / "models/whisper-base/ggml-base.bin", *arbiter_);
    ASSERT_TRUE(loaded) << loaded.error().message;
    whisper_ = *loaded;
  }
  static void TearDownTestSuite() {
    whisper_.reset();
    arbiter_.reset();
  }
  static Transcript transcript(audio::Samples const& samples, std::string const& language = {}) {
    Answers answers;
    auto const utterance = whisper_->open({language, {}}, answers.sink());
    utterance->push(samples);
    utterance->transcribe(1, Urgency::final_transcript);
    return answers.wait_for(1);
  }

  static std::unique_ptr<Arbiter> arbiter_;
  static std::shared_ptr<Whisper> whisper_;
};
std::unique_ptr<Arbiter> WhisperTest::arbiter_;
std::shared_ptr<Whisper> WhisperTest::whisper_;

TEST_F(WhisperTest, HearsEnglish) {
  auto const heard = transcript(jfk());
  EXPECT_EQ(heard.language, "en");
  EXPECT_THAT(heard.text, HasSubstr("ask not what your country can do for you"));
  EXPECT_THAT(heard.text, HasSubstr("ask what you can do for your country"));
  EXPECT_GT(heard.mean_log_probability, -0.4F);
}

TEST_F(WhisperTest, HearsChineseAndWritesItSimplified) {
  auto const heard = transcript(chinese("zh_park.ogg"));
  EXPECT_EQ(heard.language, "zh");
  EXPECT_EQ(heard.text, "今天天气怎么样？我想去公园走走。");
}

TEST_F(WhisperTest, AShortWordIsNotRepeated) {
  auto const heard = transcript(chinese("zh_good.ogg"));
  EXPECT_EQ(heard.language, "zh");
  EXPECT_THAT(heard.text, ::testing::AnyOf("好的", "好的。"));
}

TEST_F(WhisperTest, WritesNothingWhereNobodySpeaks) {
  EXPECT_EQ(transcript(audio::Samples(48000)).text, "");
  EXPECT_EQ(transcript({}).text, "");
  EXPECT_EQ(transcript(audio::Samples(100, 0.5F)).text, "");
  EXPECT_EQ(transcript(noise(3, 0.0008F)).text, "");
  EXPECT_EQ(transcript(noise(3, 0.01F)).text, "");
  EXPECT_EQ(transcript(noise(2, 0.1F), "zh").text, "");
}

TEST_F(WhisperTest, TheSameSoundGivesTheSameTextWhateverCameBefore) {
  auto const samples = jfk();
  audio::Samples const part(samples.begin(), samples.begin() + 4 * audio::heard_hz);
  auto const first = transcript(part);
  transcript(samples);  // fills the working memory with something longer
  auto const again = transcript(part);
  EXPECT_EQ(first.text, again.text);
  EXPECT_EQ(first.mean_log_probability, again.mean_log_probability);
}

/// What was heard on the way is read again at once, and changes nothing of what comes out in the end.
TEST_F(WhisperTest, WhatWasHeardOnTheWayDoesNotColourTheEnd) {
  for (auto const& samples : {jfk(), chinese("zh_park.ogg"), chinese("zh_good.ogg")}) {
    Answers answers;
    auto const utterance = whisper_->open({}, answers.sink());
    std::uint64_t revision = 0;
    std::size_t const part = 3 * audio::heard_hz / 2;
    for (std::size_t at = 0; at < samples.size(); at += part) {
      utterance->push(std::span(samples).subspan(at, std::min(part, samples.size() - at)));
      utterance->transcribe(++revision, Urgency::partial);
      answers.wait_for(revision);
    }
    utterance->transcribe(++revision, Urgency::final_transcript);
    EXPECT_EQ(answers.wait_for(revision).text, transcript(samples).text);
  }
}

TEST_F(WhisperTest, UtterancesDoNotMix) {
  Answers english_answers;
  Answers chinese_answers;
  auto const english = whisper_->open({"en", {}}, english_answers.sink());
  auto const chinese_one = whisper_->open({"zh", {}}, chinese_answers.sink());
  auto const jfk_samples = jfk();
  auto const park = chinese("zh_park.ogg");
  std::size_t const frame = 1600;
  for (std::size_t at = 0; at < std::max(jfk_samples.size(), park.size()); at += frame) {
    if (at + frame < jfk_samples.size()) english->push(std::span(jfk_samples).subspan(at, frame));
    if (at + frame < park.size()) chinese_one->push(std::span(park).subspan(at, frame));
  }
  english->transcribe(1, Urgency::partial);
  chinese_one->transcribe(2, Urgency::partial);
  chinese_one->transcribe(3, Urgency::final_transcript);  // replaces 2
  english->transcribe(4, Urgency::final_transcript);
  EXPECT_THAT(english_answers.wait_for(4).text, HasSubstr("ask not what your country"));
  EXPECT_THAT(chinese_answers.wait_for(3).text, HasSubstr("今天天气怎么样"));
}

TEST_F(WhisperTest, ANewerRequestReplacesAnOlderOneThatHasNotBegun) {
  Answers answers;
  auto const utterance = whisper_->open({"en", {}}, answers.sink());
  auto const samples = jfk();
  {
    std::mutex gate;
    gate.lock();
    auto const held = arbiter_->submit(Urgency::running_dry, [&](std::stop_token) {
      std::lock_guard const wait(gate);
      return Step::done;
    });
    utterance->push(std::span(samples).first(3 * audio::heard_hz));
    for (std::uint64_t revision = 1; revision <= 5; ++revision) utterance->transcribe(revision, Urgency::partial);
    gate.unlock();
    EXPECT_THAT(answers.wait_for(5).text, HasSubstr("fellow Americans"));
  }
  EXPECT_EQ(answers.order(), std::vector<std::uint64_t>{5});
}

TEST_F(WhisperTest, AnUtteranceThatIsGoneIsNotAnswered) {
  Answers answers;
  {
    auto const utterance = whisper_->open({}, answers.sink());
    utterance->push(jfk());
    utterance->transcribe(1, Urgency::partial);
  }
  EXPECT_THAT(transcript(chinese("zh_good.ogg")).text, HasSubstr("好的"));  // the lanes are free
  EXPECT_TRUE(answers.order().empty());
}

TEST_F(WhisperTest, ALongSpeechIsTranscribedWhole) {
  Answers answers;
  auto const utterance = whisper_->open({"en", {}}, answers.sink());
  auto const samples = jfk();
  for (int i = 0; i < 4; ++i) {
    utterance->push(samples);
    utterance->push(audio::Samples(audio::heard_hz / 2));
  }
  utterance->transcribe(1, Urgency::final_transcript);
  std::string const text = answers.wait_for(1).text;
  int count = 0;
  for (std::size_t at = text.find("do for your country"); at != std::string::npos;
       at = text.find("do for your country", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 4) << text;
}

TEST(WhisperFile, DamageIsSaidBeforeTheModelIsLoaded) {
  auto const model = home() / "models/whisper-base/ggml-base.bin";
  core::TestFolder const folder;
  auto const damaged = folder / "damaged.bin";
  std::vector<char> bytes(4'000'000);
  std::ifstream(model, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  auto const error_for = [&](std::span<char const> content) {
    std::ofstream(damaged, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
    Arbiter arbiter;
    auto const loaded = Whisper::load(damaged, arbiter);
    EXPECT_FALSE(loaded);
    return loaded ? std::string() : loaded.error().message;
  };
  EXPECT_THAT(error_for(bytes), HasSubstr("parley models verify"));                            // cut inside the weights
  EXPECT_THAT(error_for(std::span(bytes).first(100'000)), HasSubstr("parley models verify"));  // inside the words
  EXPECT_THAT(error_for({}), HasSubstr("parley models verify"));
  bytes[0] = 'x';
  EXPECT_THAT(error_for(bytes), HasSubstr("parley models verify"));
  std::filesystem::remove(damaged);

  Arbiter arbiter;
  auto const missing = Whisper::load(damaged, arbiter);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("parley models pull"));
}

}  // namespace
}  // namespace parley::engine
