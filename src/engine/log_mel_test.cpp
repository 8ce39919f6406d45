#include "engine/log_mel.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace parley::engine {
namespace {

// Two tones and a little noise, made the same way where the expected values were computed (numpy, double precision, with the
// feature extractor's published formulae).
audio::Samples tones_and_noise() {
  audio::Samples samples(1600);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    double const noise = static_cast<double>(state >> 8U) / (1 << 24) - 0.5;
    double const t = 2.0 * std::numbers::pi * static_cast<double>(i) / audio::heard_hz;
    samples[i] = static_cast<float>(0.5 * std::sin(440 * t) + 0.05 * std::sin(3000 * t) + 0.01 * noise);
  }
  return samples;
}

struct Expected {
  int band, frame;
  float value;
};

TEST(LogMel, EqualsTheReference) {
  auto const mel = LogMel()(tones_and_noise());
  ASSERT_EQ(mel.size(), 80U * 10U);
  for (auto const& [band, frame, value] : {Expected{0, 0, 0.985850F},
                                           {0, 9, 0.486566F},
                                           {5, 0, 1.049824F},
                                           {11, 3, 1.438191F},
                                           {12, 4, 1.293332F},
                                           {20, 5, -0.228947F},
                                           {33, 1, -0.019813F},
                                           {40, 0, 0.358921F},
                                           {47, 7, -0.269005F},
                                           {52, 8, -0.022467F},
                                           {60, 2, -0.107988F},
                                           {70, 6, -0.167964F},
                                           {79, 0, 0.085351F},
                                           {79, 9, -0.119449F}}) {
    EXPECT_NEAR(mel[static_cast<std::size_t>(band * 10 + frame)], value, 1e-3) << "band " << band << ", frame " << frame;
  }
  double sum = 0;
  for (float const v : mel) sum += v;
  EXPECT_NEAR(sum / static_cast<double>(mel.size()), 0.046002, 1e-4);
}

TEST(LogMel, AnOddNumberOfFramesIsTheSameAsItsPartOfAnEvenOne) {
  auto const samples = tones_and_noise();
  LogMel const log_mel;
  auto const ten = log_mel(samples);
  auto const nine = log_mel(std::span(samples).first(1440));
  ASSERT_EQ(nine.size(), 80U * 9U);
  for (std::size_t band = 0; band < 80; ++band) {
    for (std::size_t frame = 0; frame < 7; ++frame) {  // later windows reach beyond sample 1440
      EXPECT_NEAR(nine[band * 9 + frame], ten[band * 10 + frame], 1e-4) << band << ' ' << frame;
    }
  }
}

TEST(LogMel, SilenceIsTheFloorEverywhere) {
  auto const mel = LogMel()(audio::Samples(3200, 0.0F));
  ASSERT_EQ(mel.size(), 80U * 20U);
  EXPECT_THAT(mel, testing::Each(testing::FloatEq(-1.5F)));  // (log10(1e-10) + 4) / 4
}

TEST(LogMel, TooShortToMirrorIsNothing) {
  EXPECT_TRUE(LogMel()(audio::Samples(200, 0.1F)).empty());
  EXPECT_TRUE(LogMel()({}).empty());
  EXPECT_EQ(LogMel()(audio::Samples(201, 0.1F)).size(), 80U);
}

TEST(Standardise, GivesZeroMeanAndUnitVarianceAndLeavesSilenceAlone) {
  audio::Samples samples{0.1F, 0.3F, 0.1F, 0.3F};
  standardise(samples);
  EXPECT_THAT(samples, testing::Pointwise(testing::FloatNear(1e-4F), {-1.0F, 1.0F, -1.0F, 1.0F}));
  audio::Samples silence(100, 0.0F);
  standardise(silence);
  EXPECT_THAT(silence, testing::Each(0.0F));
  standardise({});
}

}  // namespace
}  // namespace parley::engine
