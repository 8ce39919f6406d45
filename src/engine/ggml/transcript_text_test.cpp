#include "engine/ggml/transcript_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parley::engine {
namespace {

TEST(TranscriptText, TraditionalBecomesSimplified) {
  auto const simplify = Simplifier::load();
  ASSERT_TRUE(simplify) << simplify.error().message;
  EXPECT_EQ((**simplify)("請幫我訂一張明天早上去上海的火車票"), "请帮我订一张明天早上去上海的火车票");
  EXPECT_EQ((**simplify)("plain English"), "plain English");
  EXPECT_EQ((**simplify)(""), "");
}

TEST(TranscriptText, MarksBesideChineseTakeTheirFullWidth) {
  EXPECT_EQ(tidy_transcript(" 今天天气怎么样?我想去公园走走. "), "今天天气怎么样？我想去公园走走。");
  EXPECT_EQ(tidy_transcript("你好 很高兴认识你"), "你好，很高兴认识你");
  EXPECT_EQ(tidy_transcript("我用 Python 写代码, 很快"), "我用 Python 写代码，很快");
  EXPECT_EQ(tidy_transcript("圆周率是3.14"), "圆周率是3.14");
}

TEST(TranscriptText, EnglishIsOnlyTrimmed) {
  EXPECT_EQ(tidy_transcript("  And so, my fellow Americans.  "), "And so, my fellow Americans.");
  EXPECT_EQ(tidy_transcript("cut \xE4\xBD"), "cut");
  EXPECT_EQ(tidy_transcript(""), "");
}

TEST(TranscriptText, WindowsAreJoinedAsTheirScriptAsks) {
  EXPECT_EQ(join_transcripts("Hello there.", "How are you?"), "Hello there. How are you?");
  EXPECT_EQ(join_transcripts("你好。", "再见。"), "你好。再见。");
  EXPECT_EQ(join_transcripts("", "再见。"), "再见。");
  EXPECT_EQ(join_transcripts("Hello.", ""), "Hello.");
}

TEST(TranscriptText, ALoopIsCutToOneCopy) {
  std::vector<int> loop{1, 2, 3};
  for (int i = 0; i < 4; ++i) loop.insert(loop.end(), {7, 8, 9, 10});
  EXPECT_EQ(without_loop(loop), 7U);
  EXPECT_EQ(without_loop(std::vector<int>(30, 5)), 1U);
}

TEST(TranscriptText, SpeechThatRepeatsIsKept) {
  EXPECT_EQ(without_loop(std::vector<int>{5, 6, 5, 6}), 4U);                           // bye bye
  EXPECT_EQ(without_loop(std::vector<int>(8, 5)), 8U);                                 // 哈哈哈哈哈哈哈哈
  EXPECT_EQ(without_loop(std::vector<int>{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}), 12U);  // a sentence said twice
  EXPECT_EQ(without_loop({}), 0U);
}

}  // namespace
}  // namespace parley::engine
