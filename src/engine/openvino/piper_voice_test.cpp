#include "engine/openvino/piper_voice.hpp"

#include <gmock/gmock.h>

namespace parley::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char const* config = R"({"voice": "en_US-test", "language": "en", "espeak_voice": "en-us", "sample_rate": 22050,
  "frame_samples": 256, "channels": 192, "noise_scale": 0.667, "length_scale": 1, "duration_noise_scale": 0.8,
  "phoneme_ids": {"_": 0, "^": 1, "$": 2, " ": 3, ",": 8, ".": 10, "a": 14, "b": 15, "1": 131, "ʊ": 100, "ˈ": 120, "ː": 122}})";

PiperVoice voice() { return PiperVoice::parse(config).value(); }

TEST(PiperVoice, ReadsItsConfiguration) {
  auto const v = voice();
  EXPECT_EQ(v.name, "en_US-test");
  EXPECT_EQ(v.espeak_voice, "en-us");
  EXPECT_EQ(v.sample_rate, 22050);
  EXPECT_EQ(v.ids.at(U'ʊ'), 100);
}

TEST(PiperVoice, RefusesAConfigurationThatCannotBe) {
  EXPECT_EQ(PiperVoice::parse("{").error().code, core::Code::invalid);
  EXPECT_EQ(PiperVoice::parse("{}").error().code, core::Code::invalid);
  std::string broken = config;
  broken.replace(broken.find("\"^\""), 3, "\"q\"");
  EXPECT_EQ(PiperVoice::parse(broken).error().subject, "phoneme_ids");
  broken = config;
  broken.replace(broken.find("22050"), 5, "0");
  EXPECT_EQ(PiperVoice::parse(broken).error().subject, "config.json");
}

TEST(PiperVoice, PutsSilenceBetweenSymbolsAndMarksAround) {
  EXPECT_THAT(voice().pieces("aˈʊ b.", 100), ElementsAre(ElementsAre(1, 0, 14, 0, 120, 0, 100, 0, 3, 0, 15, 0, 10, 0, 2)));
}

TEST(PiperVoice, DropsWhatItDoesNotKnowAndItsOwnControlMarks) {
  EXPECT_THAT(voice().pieces("a你ʁ^_$b\xff", 100), ElementsAre(ElementsAre(1, 0, 14, 0, 15, 0, 2)));
}

TEST(PiperVoice, HasNothingToSayForMarksAlone) {
  for (auto const* text : {"", " ", ". , .", "ˈː", "11", "你好"}) EXPECT_THAT(voice().pieces(text, 100), IsEmpty()) << text;
}

TEST(PiperVoice, CutsLongTextBetweenWordsAndBehindMarks) {
  // Room for (13 − 3) / 2 = 5 phonemes.
  auto const a = std::vector<std::int64_t>{1, 0, 14, 0, 14, 0, 2};
  EXPECT_THAT(voice().pieces(" aa bb aa ", 13), ElementsAre(a, ElementsAre(1, 0, 15, 0, 15, 0, 3, 0, 14, 0, 14, 0, 2)));
  EXPECT_THAT(voice().pieces("aa, a bb", 13),
              ElementsAre(ElementsAre(1, 0, 14, 0, 14, 0, 8, 0, 2), ElementsAre(1, 0, 14, 0, 3, 0, 15, 0, 15, 0, 2)));
  EXPECT_THAT(voice().pieces("aaaaaabbb", 13), ElementsAre(testing::SizeIs(13), testing::SizeIs(11)));
  for (auto const& piece : voice().pieces("ab ab ab, abab ababab ab ababababab, ab.", 13)) EXPECT_LE(piece.size(), 13U);
}

}  // namespace
}  // namespace parley::engine
