#include "engine/phonemes/pinyin.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/utf8.hpp"

namespace parley::engine {
namespace {

TEST(Pinyin, BecomesTheSymbolsTheVoicesKnow) {
  EXPECT_EQ(kokoro_syllable("ni3"), U"ni↓");
  EXPECT_EQ(kokoro_syllable("hao3"), U"xau↓");
  EXPECT_EQ(kokoro_syllable("zhong1"), U"ꭧʊ→ŋ");
  EXPECT_EQ(kokoro_syllable("shi4"), U"ʂɨ↘");
  EXPECT_EQ(kokoro_syllable("de5"), U"tɤ");
  EXPECT_EQ(kokoro_syllable("lv4"), U"ly↘");
  EXPECT_EQ(kokoro_syllable("yuan2"), U"ɥɛ↗n");
  EXPECT_EQ(kokoro_syllable("er4"), U"ɚ↘");
}

TEST(Pinyin, EverySyllableOfTheLanguageIsAsTheReferenceHasIt) {
  std::ifstream file(PARLEY_SOURCE_DIR "/src/engine/phonemes/testdata/pinyin_symbols.json");
  auto const vectors = nlohmann::json::parse(file);
  ASSERT_GT(vectors["syllables"].size(), 1400U);
  for (auto const& [pinyin, symbols] : vectors["syllables"].items()) {
    EXPECT_EQ(core::encode_utf8(kokoro_syllable(pinyin)), symbols.get<std::string>()) << pinyin;
  }
}

TEST(Pinyin, WhatIsNoSyllableIsNothing) {
  for (auto const* const text : {"", "3", "hao", "hao0", "hao6", "xyz1", "q1", "hao33", "ü1", "w1", "y2"}) {
    EXPECT_TRUE(kokoro_syllable(text).empty()) << text;
  }
}

}  // namespace
}  // namespace parley::engine
