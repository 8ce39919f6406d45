#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numbers>
#include <random>

#include "audio/file.hpp"
#include "audio/level.hpp"
#include "audio/pcm16.hpp"
#include "audio/resample.hpp"
#include "core/test_folder.hpp"

namespace parley::audio {
namespace {

namespace fs = std::filesystem;

Samples tone(double hz, int rate_hz, double seconds, float amplitude = 0.5F) {
  Samples samples(static_cast<std::size_t>(rate_hz * seconds));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = amplitude * static_cast<float>(std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate_hz));
  }
  return samples;
}

class Files : public testing::Test {
 protected:
  fs::path write(std::string const& name, std::string const& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  core::TestFolder const folder_;
};

// A 16-bit WAV header by hand, so that reading is not tested against our own writer alone.
std::string wav(int channels, int rate_hz, std::string const& data) {
  auto u32 = [](std::uint32_t v) { return std::string{char(v), char(v >> 8), char(v >> 16), char(v >> 24)}; };
  auto u16 = [](int v) { return std::string{char(v), char(v >> 8)}; };
  return "RIFF" + u32(static_cast<std::uint32_t>(36 + data.size())) + "WAVEfmt " + u32(16) + u16(1) + u16(channels) +
         u32(static_cast<std::uint32_t>(rate_hz)) + u32(static_cast<std::uint32_t>(rate_hz * channels * 2)) +
         u16(channels * 2) + u16(16) + "data" + u32(static_cast<std::uint32_t>(data.size())) + data;
}

TEST(Position, KnowsItsRate) {
  EXPECT_EQ(Heard::from_ms(250).samples, 4000);
  EXPECT_EQ(Spoken{24000}.ms(), 1000);
  EXPECT_EQ(Heard::from_time(std::chrono::milliseconds(32)).samples, 512);
  EXPECT_EQ(Heard{512}.time(), std::chrono::milliseconds(32));
}

TEST(Level, OfToneAndSilence) {
  EXPECT_NEAR(level_db(tone(440, 16000, 1, 1.0F)), -3.01F, 0.02F);
  EXPECT_EQ(level_db({}), -100.0F);
  EXPECT_EQ(level_db(Samples(100, 0.0F)), -100.0F);
}

TEST(Pcm16, RoundTripAndClamp) {
  Samples const samples{0.0F, 0.5F, -1.0F, 1.0F, 3.0F, -3.0F, std::numeric_limits<float>::quiet_NaN()};
  auto const back = from_pcm16(to_pcm16(samples));
  EXPECT_THAT(back, testing::Pointwise(testing::FloatNear(1e-4F), Samples{0, 0.5F, -1, 1, 1, -1, 0}));
  EXPECT_EQ(from_pcm16("abc").size(), 1U);
}

TEST(Resample, KeepsLengthAndPitch) {
  auto const out = resample(tone(440, 22050, 1), 22050, 24000);
  EXPECT_NEAR(static_cast<double>(out.size()), 24000, 2);
  auto const expected = tone(440, 24000, 1);
  double worst = 0;
  for (std::size_t i = 1000; i < 23000; ++i) worst = std::max(worst, std::abs(static_cast<double>(out[i] - expected[i])));
  EXPECT_LT(worst, 0.001);
}

TEST(Resample, StreamedEqualsWhole) {
  auto const in = tone(300, 44100, 0.7);
  auto const whole = resample(in, 44100, 16000);
  std::mt19937 random(7);
  Resampler stream(44100, 16000);
  Samples pieces;
  for (std::size_t at = 0; at < in.size();) {
    std::size_t const n = std::min<std::size_t>(1 + random() % 900, in.size() - at);
    auto const out = stream.push(std::span(in).subspan(at, n));
    pieces.insert(pieces.end(), out.begin(), out.end());
    at += n;
  }
  auto const rest = stream.finish();
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  ASSERT_EQ(pieces.size(), whole.size());
  EXPECT_THAT(pieces, testing::Pointwise(testing::FloatNear(1e-6F), whole));
}

TEST_F(Files, WriteThenRead) {
  auto const in = tone(440, 24000, 0.25);
  ASSERT_TRUE(write_wav(folder_ / "问题.wav", in, 24000));
  auto const back = read_recording(folder_ / "问题.wav", 24000);
  ASSERT_TRUE(back) << core::describe(back.error());
  EXPECT_THAT(back->samples, testing::Pointwise(testing::FloatNear(1e-4F), in));
  EXPECT_EQ(back->note, "");
  EXPECT_FALSE(fs::exists(folder_ / "问题.wav.part"));
}

TEST_F(Files, StereoAtAnotherRateIsMixedResampledAndSaid) {
  Samples both;
  for (float sample : tone(440, 44100, 0.5)) both.insert(both.end(), {sample, sample});
  auto const back = read_recording(write("stereo.wav", wav(2, 44100, to_pcm16(both))), 16000);
  ASSERT_TRUE(back) << core::describe(back.error());
  EXPECT_NEAR(static_cast<double>(back->samples.size()), 8000, 2);
  EXPECT_EQ(back->note, "2 channels mixed to one, 44100 Hz resampled to 16000 Hz");
}

TEST_F(Files, BadFilesAreRefusedWithASentence) {
  struct Case {
    char const* name;
    std::string bytes;
    char const* says;
  };
  for (auto const& [name, bytes, says] : {
           Case{"empty.wav", "", "empty"},
           Case{"text.wav", "this is a letter to my aunt, and no sound at all", "no recording"},
           Case{"header.wav", wav(1, 16000, ""), "no sound"},
           Case{"cut.wav", wav(1, 16000, "").substr(0, 20), "no recording"},
           Case{"rate.wav", wav(1, 3, std::string(100, 'x')), "make no sense"},
       }) {
    auto const got = read_recording(write(name, bytes), 16000);
    ASSERT_FALSE(got) << name;
    EXPECT_EQ(got.error().code, core::Code::invalid) << name;
    EXPECT_THAT(got.error().message, testing::HasSubstr(says)) << name;
  }
  EXPECT_EQ(read_recording(folder_ / "nowhere.wav", 16000).error().code, core::Code::not_found);
  EXPECT_EQ(read_recording(folder_, 16000).error().code, core::Code::invalid);
  EXPECT_EQ(read_recording(write("long.wav", wav(1, 16000, std::string(64000, 'x'))), 16000, 1.0).error().code,
            core::Code::too_large);
}

TEST_F(Files, WritingWhereNobodyCanIsAnError) {
  EXPECT_FALSE(write_wav(folder_ / "no" / "such" / "folder.wav", tone(1, 8000, 0.1), 8000));
}

// Every byte of a header damaged in turn: never a crash, always an answer.
TEST(Recording, SurvivesDamage) {
  std::string const whole = wav(1, 16000, to_pcm16(tone(440, 16000, 0.05)));
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    std::string bytes = whole.substr(0, 1 + random() % whole.size());
    for (int i = 0; i < 3; ++i) bytes[random() % std::min<std::size_t>(bytes.size(), 48)] = static_cast<char>(random());
    auto const got = parse_recording(bytes, "damaged", 16000, 10);
    EXPECT_TRUE(!got || !got->samples.empty());
  }
}

}  // namespace
}  // namespace parley::audio
