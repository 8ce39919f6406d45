#include "audio/encoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "audio/file.hpp"
#include "audio/pcm16.hpp"

namespace parley::audio {
namespace {

Samples tone(double seconds) {
  Samples samples(static_cast<std::size_t>(spoken_hz * seconds));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = 0.5F * static_cast<float>(std::sin(2 * std::numbers::pi * 440 * static_cast<double>(i) / spoken_hz));
  }
  return samples;
}

double level(Samples const& samples) {
  double sum = 0;
  for (float const x : samples) sum += static_cast<double>(x) * x;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

TEST(EncoderNames, are_those_of_the_field) {
  EXPECT_EQ(encoding_named("opus"), Encoding::opus);
  EXPECT_EQ(encoding_named("aac"), std::nullopt);
  EXPECT_EQ(media_type(Encoding::mp3), "audio/mpeg");
}

class EncoderTest : public testing::TestWithParam<Encoding> {};

TEST_P(EncoderTest, gives_bytes_on_the_way_that_joined_are_the_sound) {
  auto const sound = tone(3);
  auto encoder = Encoder::open(GetParam(), spoken_hz);
  ASSERT_TRUE(encoder) << encoder.error().message;
  std::string file;
  constexpr std::size_t piece = spoken_hz / 10;
  std::size_t early = 0;
  for (std::size_t at = 0; at < sound.size(); at += piece) {
    file += encoder->push(std::span(sound).subspan(at, std::min(piece, sound.size() - at)));
    if (at < sound.size() / 2) early = file.size();
  }
  EXPECT_GT(early, 1000U) << "nothing left before half of the sound was there";
  file += encoder->finish();
  if (GetParam() == Encoding::pcm) {
    EXPECT_EQ(file, to_pcm16(sound));
    return;
  }
  auto const read = parse_recording(file, "made here", spoken_hz);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_NEAR(static_cast<double>(read->samples.size()) / spoken_hz, 3, 0.1);
  EXPECT_NEAR(level(read->samples), level(sound), 0.05);
}

TEST_P(EncoderTest, takes_what_is_no_number_and_an_empty_piece) {
  auto encoder = Encoder::open(GetParam(), spoken_hz);
  ASSERT_TRUE(encoder);
  Samples odd(spoken_hz, std::nanf(""));
  auto file = encoder->push({});
  file += encoder->push(odd);
  file += encoder->finish();
  EXPECT_FALSE(file.empty());
}

INSTANTIATE_TEST_SUITE_P(all, EncoderTest,
                         testing::Values(Encoding::pcm, Encoding::wav, Encoding::flac, Encoding::mp3, Encoding::opus));

}  // namespace
}  // namespace parley::audio
