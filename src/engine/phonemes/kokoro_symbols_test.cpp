#include "engine/phonemes/kokoro_symbols.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/test_folder.hpp"
#include "core/utf8.hpp"
#include "engine/phonemes/lexicon_file.hpp"
#include "engine/phonemes/process.hpp"

namespace parley::engine {
namespace {

KokoroSymbols with_small_lexicon(std::shared_ptr<Espeak const> espeak = std::make_shared<Espeak const>()) {
  core::TestFolder const folder;
  auto mandarin = Mandarin::load(small_lexicon().write(folder)).value();
  return {std::make_shared<Mandarin const>(std::move(mandarin)), std::move(espeak)};
}

std::shared_ptr<Espeak const> no_espeak() {
  return std::make_shared<Espeak const>(
      Espeak::Options{.program = "parley-no-such-program", .timeout = std::chrono::milliseconds(500), .remembered = 0});
}

bool espeak_is_there() { return run_process({"espeak-ng", "--version"}, "", std::chrono::seconds(5)).has_value(); }

TEST(KokoroEnglish, MapsTiedSoundsToOneSymbol) {
  EXPECT_EQ(kokoro_english("d^ʒˈʌd^ʒ"), U"ʤˈʌʤ");
  EXPECT_EQ(kokoro_english("həlˈo^ʊ"), U"həlˈO");
  EXPECT_EQ(kokoro_english("t^ʃˈɜːt^ʃ"), U"ʧˈɜɹʧ");
  EXPECT_EQ(kokoro_english("fˈa^ɪv bˈɔ^ɪ nˈa^ʊ sˈe^ɪ"), U"fˈIv bˈY nˈW sˈA");
  EXPECT_EQ(kokoro_english("bˈʌʔn\u0329"), U"bˈʌtn");
  EXPECT_EQ(kokoro_english("wˈɔːɾɚ"), U"wˈɔTəɹ");
  EXPECT_EQ(kokoro_english("ɹˈɪðm\u0329"), U"ɹˈɪðᵊm");
  EXPECT_EQ(kokoro_english("ɡˈə^ʊ ðˈe^ə", Accent::british), U"ɡˈQ ðˈɛː");
  EXPECT_EQ(kokoro_english(""), U"");
  EXPECT_EQ(kokoro_english("\u0329"), U"");
}

TEST(KokoroSymbols, ChineseNeedsNoOtherProgram) {
  auto const symbols = with_small_lexicon(no_espeak());
  EXPECT_EQ(symbols("你好，他在银行。", "zh").value(), U"ni↓xau↓, tʰa→ʦai↘ i↗nxa↗ŋ.");
  EXPECT_EQ(symbols("你好！？", "zh").value(), U"ni↓xau↓!?");
  EXPECT_EQ(symbols("（你好）", "en").value(), U"(ni↓xau↓)");
  EXPECT_EQ(symbols("word", "zh").error().code, core::Code::unavailable);
}

TEST(KokoroSymbols, NothingToSayIsNothing) {
  auto const symbols = with_small_lexicon(no_espeak());
  for (auto const* const text : {"", "。", "😀", "**", " \n ", "……", "\"\"", "《》"}) {
    EXPECT_EQ(symbols(text, "zh").value(), U"") << text;
  }
}

TEST(KokoroSymbols, ScriptsAndMarksMix) {
  if (!espeak_is_there()) GTEST_SKIP() << "espeak-ng is not installed";
  auto const symbols = with_small_lexicon();
  EXPECT_EQ(symbols("你好 judge，ok。", "zh").value(), U"ni↓xau↓ ʤˈʌʤ, ˌOkˈA.");
  EXPECT_EQ(symbols("他judge行", "zh").value(), U"tʰa→ ʤˈʌʤ ɕi↗ŋ");
  EXPECT_EQ(symbols("Judge, \"five\" (you say).", "en").value(), U"ʤˈʌʤ, \"fˈIv\" (ju sˈA).");
  EXPECT_EQ(symbols("5", "en").value(), U"fˈIv");
}

TEST(KokoroSymbols, OnlySymbolsOfTheModelComeOut) {
  if (!espeak_is_there()) GTEST_SKIP() << "espeak-ng is not installed";
  auto const symbols = with_small_lexicon();
  for (auto const* const text :
       {"naïve café — Łódź; Привет мир", "日本語のテキスト", "rock’n’roll / R&D <b>x</b> \xFF", "한국어 hello"}) {
    auto const got = symbols(text, "en");
    ASSERT_TRUE(got) << core::describe(got.error());
    EXPECT_TRUE(std::ranges::all_of(*got, is_kokoro_symbol)) << core::encode_utf8(*got);
  }
}

}  // namespace
}  // namespace parley::engine
