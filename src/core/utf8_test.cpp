#include "core/utf8.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace parley::core {
namespace {

TEST(Utf8, DecodesAndEncodesEveryLength) {
  std::u32string const text = U"aé你𠮷😀";
  EXPECT_EQ(encode_utf8(text), "aé你𠮷😀");
  EXPECT_EQ(decode_utf8("aé你𠮷😀"), text);
  EXPECT_EQ(count_code_points("aé你𠮷😀"), 5U);
}

TEST(Utf8, EveryCodePointSurvivesTheRoundTrip) {
  for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 7) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string bytes;
    append_utf8(bytes, c);
    ASSERT_TRUE(is_valid_utf8(bytes)) << std::hex << static_cast<std::uint32_t>(c);
    ASSERT_EQ(decode_utf8(bytes), std::u32string(1, c));
  }
}

TEST(Utf8, EveryMalformedByteBecomesOneReplacement) {
  EXPECT_EQ(decode_utf8("a\xFFz"), U"a\uFFFDz");
  EXPECT_EQ(decode_utf8("\xE4\xBD"), U"\uFFFD\uFFFD");            // cut 你
  EXPECT_EQ(decode_utf8("\xC0\xAF"), U"\uFFFD\uFFFD");            // overlong /
  EXPECT_EQ(decode_utf8("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");  // surrogate
  EXPECT_EQ(decode_utf8("\xF4\x90\x80\x80").size(), 4U);          // above U+10FFFF
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_valid_utf8("ok\x80"));
  EXPECT_TRUE(is_valid_utf8(""));
}

TEST(Utf8, CountsWhatItDecodes) {
  std::mt19937 chance(3);
  std::array<std::string_view, 6> const parts{"a", "plain ASCII of some length", "é", "你", "😀", "\xE4\xBD"};
  for (int i = 0; i < 1000; ++i) {
    std::string bytes;
    for (auto n = chance() % 12; n > 0; --n) bytes += parts[chance() % parts.size()];
    ASSERT_EQ(count_code_points(bytes), decode_utf8(bytes).size()) << bytes;
  }
}

TEST(Utf8, WhatCannotBeEncodedBecomesTheReplacement) {
  std::string bytes;
  append_utf8(bytes, 0xD800);
  append_utf8(bytes, 0x110000);
  EXPECT_EQ(bytes, "\uFFFD\uFFFD");
}

TEST(Utf8, CompletePrefixNeverEndsInsideACharacter) {
  std::string const text = "a你😀";
  EXPECT_EQ(complete_utf8_prefix(text), text.size());
  EXPECT_EQ(complete_utf8_prefix(text.substr(0, 2)), 1U);
  EXPECT_EQ(complete_utf8_prefix(text.substr(0, 3)), 1U);
  EXPECT_EQ(complete_utf8_prefix(text.substr(0, 4)), 4U);
  EXPECT_EQ(complete_utf8_prefix(text.substr(0, 5)), 4U);
  EXPECT_EQ(complete_utf8_prefix(text.substr(0, 7)), 4U);
  EXPECT_EQ(complete_utf8_prefix("\xE4"), 0U);
  EXPECT_EQ(complete_utf8_prefix(""), 0U);
}

TEST(Utf8, CompletePrefixDoesNotWaitForWhatCanNeverBeACharacter) {
  EXPECT_EQ(complete_utf8_prefix("a\xFF"), 2U);
  EXPECT_EQ(complete_utf8_prefix("\x80\x80\x80\x80"), 4U);
  EXPECT_EQ(complete_utf8_prefix("\xED\xA0"), 2U);  // would be a surrogate
}

TEST(Utf8, KnowsScripts) {
  EXPECT_TRUE(is_han(U'你'));
  EXPECT_TRUE(is_han(U'〇'));
  EXPECT_TRUE(is_han(U'𠮷'));
  EXPECT_FALSE(is_han(U'。'));
  EXPECT_FALSE(is_han(U'あ'));
  for (auto const c : U"，。！？；：“”‘’《》（）、…—「」【】") {
    if (c != 0) {
      EXPECT_TRUE(is_cjk_punctuation(c)) << encode_utf8(std::u32string(1, c));
    }
  }
  EXPECT_FALSE(is_cjk_punctuation(U','));
  EXPECT_FALSE(is_cjk_punctuation(U'Ａ'));
  EXPECT_TRUE(is_latin_letter(U'é'));
  EXPECT_FALSE(is_latin_letter(U'×'));
  EXPECT_FALSE(is_latin_letter(U'я'));
  EXPECT_TRUE(is_ascii_digit(U'7'));
  EXPECT_FALSE(is_ascii_digit(U'７'));
  EXPECT_TRUE(is_emoji(U'😀'));
  EXPECT_TRUE(is_emoji(U'☀'));
  EXPECT_FALSE(is_emoji(U'8'));
  EXPECT_FALSE(is_emoji(U'℃'));
  EXPECT_TRUE(is_space(U'　'));
  EXPECT_FALSE(is_space(U'_'));
}

TEST(Utf8, GuessesTheLanguage) {
  EXPECT_EQ(guess_language("你好"), "zh");
  EXPECT_EQ(guess_language("用Python写"), "zh");
  EXPECT_EQ(guess_language("Hello, world"), "en");
  EXPECT_EQ(guess_language("Él"), "en");
  EXPECT_EQ(guess_language("3.14!"), "");
  EXPECT_EQ(guess_language(""), "");
}

}  // namespace
}  // namespace parley::core
