#include "app/text_table.hpp"

#include <gmock/gmock.h>

namespace parley::app {
namespace {

TEST(TextTable, ChineseIsTwoColumnsWide) {
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("你好，joe"), 9U);
  EXPECT_EQ(columns_of("…"), 1U);
  EXPECT_EQ(columns_of(""), 0U);
}

TEST(TextTable, FitsWithoutCuttingACharacterInTwo) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 5), "abcd…");
  EXPECT_EQ(fit("汉字读音", 8), "汉字读音");
  EXPECT_EQ(fit("汉字读音", 7), "汉字读…");
  EXPECT_EQ(fit("汉字读音", 6), "汉字…");
  EXPECT_EQ(fit("汉字读音", 1), "…");
  EXPECT_EQ(fit("汉字读音", 0), "");
}

TEST(TextTable, ColumnsStandBelowEachOther) {
  EXPECT_EQ(table({{"NAME", "STATE"}, {"普通话", "present"}, {"joe", ""}}), "NAME    STATE\n普通话  present\njoe\n");
}

TEST(TextTable, LinesAreCutToTheTerminal) {
  EXPECT_EQ(table({{"NAME", "STATE"}, {"普通话", "present"}}, 10), "NAME    S…\n普通话  p…\n");
}

}  // namespace
}  // namespace parley::app
