#include "speech/clause_cutter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace parley::speech {
namespace {

using testing::ElementsAre;

/// As a model writes: a few bytes at a time, cut anywhere.
std::vector<std::string> clauses_of(std::string const& text, std::size_t step) {
  ClauseCutter cutter;
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size(); at += step) {
    for (auto& clause : cutter.push(std::string_view(text).substr(at, step))) all.push_back(std::move(clause));
  }
  for (auto& clause : cutter.finish()) all.push_back(std::move(clause));
  return all;
}

TEST(ClauseCutter, ChineseFirstSmallThenLarger) {
  EXPECT_THAT(clauses_of("秋天去北京，可以看香山的红叶，也可以去故宫和颐和园走一走。记得多带一件外套，早晚比较凉。", 3),
              ElementsAre("秋天去北京，", "可以看香山的红叶，也可以去故宫和颐和园走一走。", "记得多带一件外套，早晚比较凉。"));
}

TEST(ClauseCutter, EnglishFirstSmallThenLarger) {
  EXPECT_THAT(clauses_of("Sure, I can help. The train leaves at nine, and it takes about two hours. Anything else?", 5),
              ElementsAre("Sure, I can help. ", "The train leaves at nine, and it takes about two hours. ", "Anything else?"));
}

TEST(ClauseCutter, TheFirstClauseMayEndBeforeAPhrase) {
  EXPECT_THAT(clauses_of("The nearest train station is located in the centre of the city. Ask there for help.", 4),
              ElementsAre("The nearest train station ", "is located in the centre of the city. ", "Ask there for help."));
  EXPECT_THAT(clauses_of("I am here to help. The shop which I know best opens at nine.", 1).front(), "I am here to help. ");
}

TEST(ClauseCutter, TheFirstChineseClauseMayEndBeforeAPhrase) {
  for (std::size_t const step : {1U, 3U, 7U, 100U}) {
    EXPECT_THAT(clauses_of("秋天去北京旅游可以去看故宫、长城和颐和园。门票要提前预订。", step),
                ElementsAre("秋天去北京旅游", "可以去看故宫、长城和颐和园。", "门票要提前预订。"));
    EXPECT_THAT(clauses_of("颐和园的门票也可以在网上买。", step), ElementsAre("颐和园的门票", "也可以在网上买。"));
    EXPECT_THAT(clauses_of("这家咖啡馆并不是一般的店。", step), ElementsAre("这家咖啡馆", "并不是一般的店。"));
  }
  EXPECT_THAT(clauses_of("你可以去看故宫。", 3), ElementsAre("你可以去看故宫。"));  // too short to be spoken alone
}

TEST(ClauseCutter, ACommaBehindAWordNeedsNoLookAtWhatFollows) {
  ClauseCutter cutter;
  EXPECT_THAT(cutter.push("Of course"), ElementsAre());
  EXPECT_THAT(cutter.push(","), ElementsAre("Of course,"));
  EXPECT_THAT(cutter.push(" I do"), ElementsAre());
  ClauseCutter other;
  EXPECT_THAT(other.push("It costs 1,"), ElementsAre());
  EXPECT_THAT(other.push("024 dollars"), ElementsAre());
}

TEST(ClauseCutter, AChineseMarkCutsAtOnce) {
  ClauseCutter cutter;
  EXPECT_THAT(cutter.push("你好啊！"), ElementsAre("你好啊！"));
}

TEST(ClauseCutter, NumbersAbbreviationsAndAddressesStayWhole) {
  EXPECT_THAT(clauses_of("It costs 3.5 dollars, Dr. Smith of example.com said. Good.", 2),
              ElementsAre("It costs 3.5 dollars, ", "Dr. Smith of example.com said. ", "Good."));
  EXPECT_THAT(clauses_of("一共1,024元。比例是3.14，时间是8:30。", 1), ElementsAre("一共1,024元。", "比例是3.14，时间是8:30。"));
  EXPECT_THAT(clauses_of("He lives in the U.S. now, e.g. in Ohio.", 4).front(), "He lives in the U.S. now, ");
}

TEST(ClauseCutter, ClosingQuotesStayWithTheirClause) {
  EXPECT_THAT(clauses_of("他说：“今天不去了。”然后走了。", 100), ElementsAre("他说：“今天不去了。”", "然后走了。"));
  EXPECT_THAT(clauses_of("She said \"no way!\" and left.", 100), ElementsAre("She said \"no way!\" ", "and left."));
}

TEST(ClauseCutter, MixedTextCutsInBothScripts) {
  EXPECT_THAT(clauses_of("我推荐 Python，因为 easy to learn. 你觉得呢？", 7),
              ElementsAre("我推荐 Python，", "因为 easy to learn. ", "你觉得呢？"));
}

TEST(ClauseCutter, WithoutMarksItIsCutBetweenWords) {
  std::string words;
  for (int i = 0; i < 200; ++i) words += "word ";
  auto const clauses = clauses_of(words, 3);
  ASSERT_GT(clauses.size(), 3U);
  EXPECT_LE(clauses.front().size(), 5U * 21);
  for (auto const& clause : clauses) EXPECT_EQ(clause.size() % 5, 0U) << clause;
  std::string han;
  for (int i = 0; i < 300; ++i) han += "字";
  EXPECT_GT(clauses_of(han, 3).size(), 2U);
}

TEST(ClauseCutter, NothingAndMarksOnly) {
  EXPECT_TRUE(clauses_of("", 1).empty());
  EXPECT_THAT(clauses_of("……", 3), ElementsAre("……"));
  EXPECT_THAT(clauses_of("\n\n- 好的。", 1).front(), "\n\n- 好的。");
}

// Whatever comes, in whatever pieces: joined, the clauses are the text.
TEST(ClauseCutter, JoinedClausesAreTheTextByteForByte) {
  std::mt19937 random(11);
  std::vector<std::string> const parts{"你好", "，",   "。", "Dr. ",  "3.14", ", ", "**",  "\n",
                                       "”",    "\xff", "😀", "word ", "? ",   "…",  "1. ", "http://a.b/c?d "};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += parts[random() % parts.size()];
    auto const clauses = clauses_of(text, 1 + random() % 9);
    ASSERT_EQ(std::accumulate(clauses.begin(), clauses.end(), std::string{}), text);
    for (auto const& clause : clauses) ASSERT_FALSE(clause.empty());
  }
}

}  // namespace
}  // namespace parley::speech
