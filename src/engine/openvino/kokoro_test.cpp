#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>

#include "core/test_folder.hpp"
#include "engine/openvino/kokoro_calibration.hpp"
#include "engine/openvino/kokoro_calibration_text.hpp"
#include "engine/openvino/kokoro_edges.hpp"
#include "engine/openvino/kokoro_voice.hpp"

namespace parley::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(KokoroVoice, OneNameIsAMixOfOne) { EXPECT_THAT(*parse_voice(" zf_xiaoxiao "), ElementsAre(VoicePart{"zf_xiaoxiao", 1})); }

TEST(KokoroVoice, WeightsAreScaledToOneAndNamesSorted) {
  auto const parts = parse_voice("zm_yunxi*3+ zf_xiaoxiao * 1");
  ASSERT_TRUE(parts);
  EXPECT_THAT(*parts, ElementsAre(VoicePart{"zf_xiaoxiao", 0.25F}, VoicePart{"zm_yunxi", 0.75F}));
  EXPECT_EQ(spell(*parts), "zf_xiaoxiao*0.250+zm_yunxi*0.750");
  EXPECT_EQ(spell(*parse_voice("zf_xiaoxiao*0.1+zm_yunxi*0.3")), spell(*parts));
}

TEST(KokoroVoice, ANameThatComesTwiceCountsOnce) {
  EXPECT_THAT(*parse_voice("a+a*2+b*3"), ElementsAre(VoicePart{"a", 0.5F}, VoicePart{"b", 0.5F}));
}

TEST(KokoroVoice, WhatIsWrongIsSaid) {
  for (auto const* text : {"", "a+", "+a", "a*", "a*x", "a*0", "a*-1", "a*nan", "a*inf", "a*1x", "*2"}) {
    auto const parts = parse_voice(text);
    ASSERT_FALSE(parts) << text;
    EXPECT_EQ(parts.error().code, core::Code::invalid);
    EXPECT_EQ(parts.error().subject, "voice");
  }
}

TEST(KokoroVoices, MixesRowsAndNamesWhatIsNear) {
  core::TestFolder const folder;
  for (auto const& [name, value] : {std::pair{"zf_xiaoxiao", 1.0F}, std::pair{"zm_yunxi", 3.0F}, std::pair{"af_heart", 0.0F}}) {
    std::vector<float> table(KokoroStyle::rows * KokoroStyle::width);
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = value + static_cast<float>(i / KokoroStyle::width);
    std::ofstream(folder / (std::string(name) + ".bin"), std::ios::binary)
        .write(reinterpret_cast<char const*>(table.data()), static_cast<std::streamsize>(table.size() * sizeof(float)));
  }
  auto const voices = KokoroVoices::read(folder);
  ASSERT_TRUE(voices);
  EXPECT_THAT(voices->names(), ElementsAre("af_heart", "zf_xiaoxiao", "zm_yunxi"));
  auto const style = voices->mix(*voices->find("zf_xiaoxiao+zm_yunxi"));
  EXPECT_FLOAT_EQ(style.of(1)[0], 2.0F);
  EXPECT_FLOAT_EQ(style.of(510)[255], 511.0F);
  EXPECT_FLOAT_EQ(style.of(9000)[0], 511.0F);
  auto const unknown = voices->find("zf_xiaoxao*0.5+zm_yunxi");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, core::Code::not_found);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean zf_xiaoxiao"));
  EXPECT_THAT(unknown.error().message, Not(HasSubstr("af_heart")));
  EXPECT_THAT(voices->find("qq").error().message, HasSubstr("af_heart"));

  std::ofstream(folder / "broken.bin") << "short";
  EXPECT_EQ(KokoroVoices::read(folder).error().code, core::Code::invalid);
  EXPECT_EQ(KokoroVoices::read(folder / "none").error().code, core::Code::not_found);
}

TEST(SplitSymbols, CutsAtTheBestPlaceThatFits) {
  EXPECT_THAT(split_symbols(U"ni↓xau↓.", 20), ElementsAre(U"ni↓xau↓."));
  EXPECT_THAT(split_symbols(U"aaaa. bb, cc dd ee", 12), ElementsAre(U"aaaa.", U"bb, cc dd ee"));
  EXPECT_THAT(split_symbols(U"aaaaaa, bbbb cccc", 14), ElementsAre(U"aaaaaa,", U"bbbb cccc"));
  EXPECT_THAT(split_symbols(U"aaaaaa bbbbbb", 9), ElementsAre(U"aaaaaa", U"bbbbbb"));
  EXPECT_THAT(split_symbols(U"aaaaaaaaaa", 4), ElementsAre(U"aaaa", U"aaaa", U"aa"));
  EXPECT_THAT(split_symbols(U"", 4), ElementsAre());
  EXPECT_THAT(split_symbols(U"    ", 2), ElementsAre());
}

TEST(SplitSymbols, LosesNothingAndKeepsTheBound) {
  std::u32string text;
  for (int i = 0; i < 400; ++i) text += i % 37 == 0 ? U"; " : i % 11 == 0 ? U" " : U"↗";
  std::u32string joined;
  for (auto const& piece : split_symbols(text, 50)) {
    EXPECT_LE(piece.size(), 50U);
    EXPECT_FALSE(piece.empty());
    joined += piece;
  }
  std::erase(text, U' ');
  std::erase(joined, U' ');
  EXPECT_EQ(joined, text);
}

TEST(PauseAfter, IsLongerAfterASentenceThanAfterAComma) {
  EXPECT_GT(pause_after(U"xau↓."), pause_after(U"xau↓,"));
  EXPECT_GT(pause_after(U"xau↓, "), pause_after(U"xau↓"));
  EXPECT_EQ(pause_after(U"ma?”"), pause_after(U"ma."));
  EXPECT_EQ(pause_after(U""), 0U);
}

audio::Samples tone(std::size_t count) {
  audio::Samples samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    samples[i] = 0.3F * static_cast<float>(std::sin(2 * std::numbers::pi * 440 * static_cast<double>(i) / 24000));
  }
  return samples;
}

audio::Samples joined(std::initializer_list<audio::Samples> parts) {
  audio::Samples all;
  for (auto const& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(SpeechEdges, CutsBothEndsAndKeepsTheMiddleHoweverItArrives) {
  audio::Samples const all =
      joined({audio::Samples(9600), tone(4800), audio::Samples(7200), tone(2400), audio::Samples(12000)});
  for (std::size_t const size : {100UL, 240UL, 5000UL, all.size()}) {
    SpeechEdges edges;
    audio::Samples out;
    for (std::size_t at = 0; at < all.size(); at += size) {
      auto const end = std::min(all.size(), at + size);
      auto const some =
          edges.push({all.begin() + static_cast<std::ptrdiff_t>(at), all.begin() + static_cast<std::ptrdiff_t>(end)});
      out.insert(out.end(), some.begin(), some.end());
    }
    EXPECT_TRUE(edges.started());
    auto const rest = edges.finish(1000);
    out.insert(out.end(), rest.begin(), rest.end());
    EXPECT_EQ(out, audio::Samples(all.begin() + 9600 - 720, all.begin() + 9600 + 4800 + 7200 + 2400 + 1000)) << size;
  }
}

TEST(SpeechEdges, SilenceAloneIsAtMostAPause) {
  SpeechEdges edges;
  EXPECT_TRUE(edges.push(audio::Samples(5000)).empty());
  EXPECT_FALSE(edges.started());
  EXPECT_EQ(edges.finish(700).size(), 700U);
}

TEST(SpeechEdges, ALoudRestOfAHopIsNotLost) {
  SpeechEdges edges;
  auto const first = edges.push(tone(300));
  EXPECT_EQ(first.size(), 240U);
  auto const rest = edges.finish(0);
  ASSERT_GE(rest.size(), 60U);
  EXPECT_FLOAT_EQ(rest[59], tone(300)[299]);
}

CalibrationPoint point(std::size_t symbols, int frames, float mean, float variance) {
  return {symbols, frames, 3, {{mean, 0.0F}, {variance, 1.0F}}};
}

TEST(KokoroCalibration, OnePointIsWhatIsExpectedEverywhere) {
  auto const expected = expected_moments({point(40, 200, 2, 5)}, 3);
  EXPECT_FLOAT_EQ(expected.mean[0], 2);
  EXPECT_FLOAT_EQ(expected.variance[0], 5);
}

TEST(KokoroCalibration, EqualLengthsPoolOverFramesWithTheSpreadOfTheMeans) {
  auto const expected = expected_moments({point(40, 100, 0, 1), point(40, 300, 4, 1)}, 40);
  EXPECT_FLOAT_EQ(expected.mean[0], 3);          // (100·0 + 300·4)/400
  EXPECT_FLOAT_EQ(expected.variance[0], 1 + 3);  // E[x²] = 1 + 300·16/400, minus 9
  EXPECT_FLOAT_EQ(expected.variance[1], 1);
}

TEST(KokoroCalibration, TheNearestLengthCountsMostAndFarAwayNothingBreaks) {
  std::vector<CalibrationPoint> const points{point(3, 100, 1, 1), point(80, 100, 9, 1)};
  EXPECT_NEAR(expected_moments(points, 4).mean[0], 1, 0.01);
  EXPECT_NEAR(expected_moments(points, 70).mean[0], 9, 0.01);
  EXPECT_NEAR(expected_moments(points, 100000).mean[0], 9, 0.01);
  EXPECT_TRUE(std::isfinite(expected_moments(points, 0).mean[0]));
}

TEST(KokoroCalibration, PointsComeBackFromDiskAndDamageIsSeen) {
  core::TestFolder const folder;
  auto const file = folder / "calibration" / "x.f32";
  EXPECT_EQ(read_points(file, 2).error().code, core::Code::not_found);
  ASSERT_TRUE(write_points(file, {point(3, 100, 1, 2), point(80, 300, 9, 4)}));
  auto const points = read_points(file, 2);
  ASSERT_TRUE(points);
  EXPECT_EQ((*points)[1].symbols, 80U);
  EXPECT_EQ((*points)[1].frames, 300);
  EXPECT_EQ((*points)[1].early, 3);
  EXPECT_THAT((*points)[1].moments.mean, ElementsAre(9, 0));
  EXPECT_THAT((*points)[1].moments.variance, ElementsAre(4, 1));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}), 1);  // no draft left behind
  EXPECT_EQ(read_points(file, 3).error().code, core::Code::invalid);
  std::filesystem::resize_file(file, 20);
  EXPECT_EQ(read_points(file, 2).error().code, core::Code::invalid);
}

TEST(KokoroCalibration, MandarinVoicesSpeakMandarinAndTheFirstSentencesSpanLengths) {
  EXPECT_NE(calibration_text("zf_xiaoxiao").data(), calibration_text("af_heart").data());
  EXPECT_EQ(calibration_text("zm_yunxi").data(), calibration_text("zf_xiaobei").data());
  for (auto const* voice : {"zf_xiaoxiao", "bf_emma"}) {
    auto const text = calibration_text(voice);
    std::size_t least = 1000;
    std::size_t most = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      least = std::min(least, text[i].size());
      most = std::max(most, text[i].size());
    }
    EXPECT_LE(least, 8U);
    EXPECT_GE(most, 70U);
  }
}

}  // namespace
}  // namespace parley::engine
