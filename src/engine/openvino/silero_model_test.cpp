#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "core/test_folder.hpp"
#include "engine/openvino/silero.hpp"
#include "engine/openvino/test_models.hpp"

namespace parley::engine {
namespace {

class SileroModel : public testing::Test {
 protected:
  OpenVino openvino_{test_home() / "openvino"};
  std::shared_ptr<Silero> silero_;

  void SetUp() override {
    auto loaded = Silero::load(openvino_, test_model("silero-vad") / Silero::file_name);
    ASSERT_TRUE(loaded) << core::describe(loaded.error());
    silero_ = *loaded;
  }

  std::vector<float> run(std::span<float const> samples) {
    auto stream = silero_->open();
    EXPECT_TRUE(stream);
    std::vector<float> found;
    for (; samples.size() >= 512; samples = samples.subspan(512)) found.push_back((*stream)->push(samples.first(512)).value());
    return found;
  }
  static double share_above(std::vector<float> const& found, float limit) {
    return static_cast<double>(std::ranges::count_if(found, [&](float p) { return p > limit; })) /
           static_cast<double>(found.size());
  }
};

TEST_F(SileroModel, HearsSpeechInARecordingAndNotInSilenceOrNoise) {
  auto const speech = test_speech();
  ASSERT_TRUE(speech) << core::describe(speech.error());
  auto const found = run(speech->samples);
  EXPECT_GT(share_above(found, 0.5F), 0.6);   // he speaks most of the time
  EXPECT_LT(share_above(found, 0.5F), 0.98);  // and pauses
  EXPECT_GT(found[static_cast<std::size_t>(1.0 * 16000 / 512)], 0.9F) << "\"fellow\" is being said";

  EXPECT_EQ(share_above(run(audio::Samples(32000, 0.0F)), 0.5F), 0);
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.0F, 0.03F);
  audio::Samples noise(48000);
  for (float& v : noise) v = normal(random);
  EXPECT_LT(share_above(run(noise), 0.5F), 0.05);
}

TEST_F(SileroModel, StreamsDoNotDisturbEachOther) {
  auto const speech = test_speech();
  ASSERT_TRUE(speech);
  auto const alone = run(std::span(speech->samples).first(512 * 60));
  auto one = silero_->open(), other = silero_->open();
  ASSERT_TRUE(one && other);
  audio::Samples const silence(512, 0.0F);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_FLOAT_EQ((*one)->push(std::span(speech->samples).subspan(i * 512, 512)).value(), alone[i]);
    EXPECT_LT((*other)->push(silence).value(), 0.5F);
  }
}

TEST_F(SileroModel, RefusesOtherFrameSizesAndSurvivesWhatIsNoNumber) {
  auto stream = silero_->open();
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->push(audio::Samples(511)).error().code, core::Code::invalid);
  audio::Samples broken(512, std::numeric_limits<float>::quiet_NaN());
  broken[3] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isfinite((*stream)->push(broken).value()));
  EXPECT_TRUE(std::isfinite((*stream)->push(audio::Samples(512, 0.0F)).value()));
}

TEST_F(SileroModel, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(Silero::load(openvino_, test_model("silero-vad") / "absent.onnx").error().code, core::Code::not_found);
  auto const other = Silero::load(openvino_, test_model("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, core::Code::invalid);
  EXPECT_THAT(other.error().message, testing::HasSubstr("models pull"));
  core::TestFolder const folder;
  auto const damaged = folder / "damaged_silero.onnx";
  std::ofstream(damaged) << "this was a model once";
  EXPECT_EQ(Silero::load(openvino_, damaged).error().code, core::Code::invalid);
}

}  // namespace
}  // namespace parley::engine
