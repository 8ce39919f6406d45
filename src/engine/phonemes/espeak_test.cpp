#include "engine/phonemes/espeak.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "engine/phonemes/process.hpp"

namespace parley::engine {
namespace {

using namespace std::chrono_literals;

#define NEEDS_ESPEAK() \
  if (!run_process({"espeak-ng", "--version"}, "", 5s)) GTEST_SKIP() << "espeak-ng is not installed"

TEST(Process, FeedsAndReadsMoreThanASocketHolds) {
  std::string const big(3'000'000, 'x');
  auto const done = run_process({"cat"}, big, 20s);
  ASSERT_TRUE(done) << core::describe(done.error());
  EXPECT_EQ(done->output.size(), big.size());
  EXPECT_EQ(done->exit_code, 0);
}

TEST(Process, ArgumentsAreNotReadByAShell) {
  auto const done = run_process({"printf", "%s", "$HOME `id`; *"}, "", 5s);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "$HOME `id`; *");
}

TEST(Process, AReaderThatLeavesEarlyDoesNotEndUs) {
  auto const done = run_process({"true"}, std::string(1'000'000, 'x'), 5s);
  ASSERT_TRUE(done) << core::describe(done.error());
}

TEST(Process, SaysWhatWentWrong) {
  EXPECT_EQ(run_process({"parley-no-such-program"}, "", 1s).error().code, core::Code::unavailable);
  EXPECT_EQ(run_process({"sleep", "20"}, "", 50ms).error().code, core::Code::deadline);
  EXPECT_EQ(run_process({"cat"}, std::string(100'000, 'x'), 5s, 1000).error().code, core::Code::too_large);
  EXPECT_EQ(run_process({"false"}, "", 5s)->exit_code, 1);
}

TEST(Marks, AreFoundBetweenWordsOnly) {
  auto const parts = split_at_marks("It costs 3.5, at 8:30 in the U.S. Really?! Yes...");
  std::string flat;
  for (auto const& part : parts) flat += part.text + "|" + part.mark;
  EXPECT_EQ(flat, "It costs 3.5|, at 8:30 in the U.S|. Really|? Yes|.");
  EXPECT_TRUE(split_at_marks("").empty());
  EXPECT_TRUE(split_at_marks("  ").empty());
}

TEST(Espeak, KeepsPunctuationStressAndWords) {
  NEEDS_ESPEAK();
  Espeak const espeak;
  auto const spoken = espeak.phonemes("Hello there, how are you?  Fine!", "en-us");
  ASSERT_TRUE(spoken) << core::describe(spoken.error());
  EXPECT_EQ(*spoken, "həlˈoʊ ðˈɛɹ, hˈaʊ ɑːɹ juː? fˈaɪn!");
}

TEST(Espeak, MarksAloneAndEmptyTextAreNoError) {
  NEEDS_ESPEAK();
  Espeak const espeak;
  EXPECT_EQ(espeak.phonemes("", "en-us").value(), "");
  EXPECT_EQ(espeak.phonemes("…", "en-us").value(), ",");
  EXPECT_EQ(espeak.phonemes("\"'-", "en-us").value(), "");
}

TEST(Espeak, MarkupIsTextLikeAnyOther) {
  NEEDS_ESPEAK();
  Espeak const espeak;
  EXPECT_EQ(espeak.phonemes("[[h@l'oU]] <b>yes</b>", "en-us").value().find('['), std::string::npos);
  EXPECT_EQ(espeak.phonemes("-v cmn", "en-us").value().find("cmn"), std::string::npos);
  EXPECT_EQ(espeak.phonemes("one\n\ntwo", "en-us").value(), "wˈʌn tˈuː");
}

TEST(Espeak, WordsOfAnotherLanguageCarryNoNotes) {
  NEEDS_ESPEAK();
  auto const spoken = Espeak().phonemes("你好 world", "en-us");
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->find('('), std::string::npos);
  EXPECT_NE(spoken->find("wˈɜːld"), std::string::npos);
}

TEST(Espeak, TiesTellOneSoundFromTwo) {
  NEEDS_ESPEAK();
  auto const spoken = Espeak().phonemes_of({"judge", "", "my hat shop"}, "en-us", Ties::caret);
  ASSERT_TRUE(spoken);
  EXPECT_THAT(*spoken, testing::ElementsAre("d^ʒˈʌd^ʒ", "", "ma^ɪ hˈæt ʃˈɑːp"));
}

TEST(Espeak, ManyThreadsShareOne) {
  NEEDS_ESPEAK();
  Espeak const espeak({.program = "espeak-ng", .timeout = 10s, .remembered = 2});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&espeak, t] {
      for (int i = 0; i < 3; ++i) {
        auto const spoken = espeak.phonemes(t % 2 == 0 ? "yes, no" : "no", "en-us");
        EXPECT_EQ(spoken.value_or("failed"), t % 2 == 0 ? "jˈɛs, nˈoʊ" : "nˈoʊ");
      }
    });
  }
}

TEST(Espeak, SaysWhatWentWrong) {
  Espeak const missing({.program = "parley-no-such-program", .timeout = 1s, .remembered = 0});
  auto const failed = missing.phonemes("hello", "en-us");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, core::Code::unavailable);
  EXPECT_THAT(failed.error().message, testing::HasSubstr("not installed"));
  EXPECT_EQ(Espeak().phonemes("hello", "--version").error().code, core::Code::invalid);
  NEEDS_ESPEAK();
  EXPECT_EQ(Espeak().phonemes("hello", "xx-nowhere").error().code, core::Code::invalid);
}

}  // namespace
}  // namespace parley::engine
