#include "cloud/volcengine/dialogue/spoken_answer.hpp"

#include <gmock/gmock.h>

#include <random>

namespace parley::cloud::volcengine::dialogue {
namespace {

/// `count` samples that count on from `from`, so that a lost or doubled one shows.
audio::Samples counted(std::size_t from, std::size_t count) {
  audio::Samples samples;
  for (std::size_t i = 0; i < count; ++i) samples.push_back(static_cast<float>(from + i));
  return samples;
}

TEST(SpokenAnswer, WordsAreCountedAndMarksAreNot) {
  EXPECT_EQ(spoken_length("你好，world 42！"), 6U + 5U + 2U);
  EXPECT_EQ(spoken_length("……"), 0U);
}

TEST(SpokenAnswer, AClauseThatIsASentenceGetsItsSoundAsItComes) {
  SpokenAnswer answer;
  answer.sentence("你好。");
  answer.sound(counted(0, 100));
  auto piece = answer.take(spoken_length("你好。"));
  EXPECT_EQ(piece.samples.size(), 100U);
  EXPECT_FALSE(piece.last);  // more of it may come
  answer.sound(counted(100, 50));
  answer.sentence_over();
  piece = answer.take(spoken_length("你好。"));
  EXPECT_EQ(piece.samples.size(), 50U);
  EXPECT_TRUE(piece.last);
}

TEST(SpokenAnswer, ASentenceInTwoClausesIsDividedByItsWords) {
  SpokenAnswer answer;
  answer.sentence("一二三，四五六七八九。");
  answer.sound(counted(0, 900));
  answer.sentence_over();
  auto const first = answer.take(9);
  EXPECT_EQ(first.samples.size(), 300U);
  EXPECT_TRUE(first.last);
  answer.over();
  auto const second = answer.take(SpokenAnswer::all);
  EXPECT_EQ(second.samples.size(), 600U);
  EXPECT_EQ(second.samples.front(), 300);
  EXPECT_TRUE(second.last);
}

TEST(SpokenAnswer, WithinASentenceThatGoesOnThePaceOfTheVoiceDecides) {
  SpokenAnswer answer(10);
  answer.sentence("一二三，四五六七八九。");
  answer.sound(counted(0, 200));
  auto const first = answer.take(9);
  EXPECT_EQ(first.samples.size(), 90U);
  EXPECT_TRUE(first.last);
  answer.sentence_over();
  EXPECT_DOUBLE_EQ(answer.pace(), 200.0 / 27);
}

TEST(SpokenAnswer, TwoSentencesInOneClause) {
  SpokenAnswer answer;
  answer.sentence("好。");
  answer.sound(counted(0, 10));
  answer.sentence("是的。");
  answer.sound(counted(10, 20));
  EXPECT_FALSE(answer.take(9).last);
  answer.sentence("再见。");
  EXPECT_TRUE(answer.take(9).last);
}

TEST(SpokenAnswer, WordsThatAreNeverSpokenDoNotWaitForEver) {
  SpokenAnswer answer;
  answer.sentence("好。");
  answer.sound(counted(0, 10));
  answer.over();
  EXPECT_EQ(answer.take(600).samples.size(), 10U);
  EXPECT_TRUE(answer.take(600).last);
}

/// However the service cuts its sentences and the sound, and the caller its clauses: every sample once, in order.
TEST(SpokenAnswer, NoSampleIsLostOrGivenTwice) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    SpokenAnswer answer;
    std::size_t sent = 0, words = 0;
    audio::Samples got;
    std::vector<std::size_t> ends;
    for (int s = 0; s < 5; ++s) {
      std::string text;
      for (unsigned i = 0; i < random() % 12; ++i) text += "字";
      words += spoken_length(text);
      answer.sentence(text);
      for (unsigned i = 0; i < random() % 4; ++i) {
        auto const count = random() % 5000;
        answer.sound(counted(sent, count));
        sent += count;
        if (random() % 2 == 0 && !ends.empty()) std::ranges::copy(answer.take(ends.back()).samples, std::back_inserter(got));
      }
      if (random() % 2 == 0 || ends.empty()) ends.push_back(words / 2);
    }
    answer.over();
    for (auto const end : ends) std::ranges::copy(answer.take(end).samples, std::back_inserter(got));
    auto const rest = answer.take(SpokenAnswer::all);
    EXPECT_TRUE(rest.last);
    std::ranges::copy(rest.samples, std::back_inserter(got));
    EXPECT_EQ(got, counted(0, sent)) << seed;
  }
}

}  // namespace
}  // namespace parley::cloud::volcengine::dialogue
