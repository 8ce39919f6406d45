#include "conversation/said_words.hpp"

#include <gtest/gtest.h>

namespace parley::conversation {
namespace {

TEST(SaidWords, plain_words_keep_letters_and_characters) {
  EXPECT_EQ(plain_words("Uh-huh, 好的。"), "uh huh好的");
  EXPECT_EQ(plain_words("  I don't KNOW!"), "i dont know");
  EXPECT_EQ(plain_words("……"), "");
  EXPECT_EQ(plain_words("\xff\xfe"), "");
  EXPECT_EQ(count_words("我用 Python 3 写"), 5);
}

TEST(SaidWords, signs_of_listening) {
  for (auto const* text : {"嗯。", "嗯嗯", "对对对", "好的，好的。", "哦，原来如此", "是的。", "Uh-huh.", "Mm-hmm",
                           "Yeah, okay.", "I see.", "Right, right", "Oh really?", "OK"}) {
    EXPECT_TRUE(only_listening(text)) << text;
  }
  for (auto const* text : {"", "。", "好的我想问", "对面是什么", "是不是明天", "行李在哪", "Yeah but why", "rightly",
                           "I seem to", "Okay next question", "what", "你好"}) {
    EXPECT_FALSE(only_listening(text)) << text;
  }
}

TEST(SaidWords, asking_for_silence) {
  for (auto const* text :
       {"停", "等一下", "嗯，等等", "不对", "别说了", "Stop!", "Wait a second", "no", "No, not that", "Hold on.", "Oh no"}) {
    EXPECT_TRUE(asks_to_stop(text)) << text;
  }
  for (auto const* text : {"嗯", "好的", "不错", "now", "nothing", "Okay", "你说得对", ""})
    EXPECT_FALSE(asks_to_stop(text)) << text;
}

TEST(SaidWords, the_end_of_a_text_says_whether_it_is_over) {
  for (auto const* text : {"我想要那个", "因为", "帮我订一张去北京的票，还有", "I would like to", "My number is",
                           "So I went to the", "嗯", "Um", "我觉得……", "The thing is, um"}) {
    EXPECT_LT(evidence_of_end(text), -1) << text;
  }
  for (auto const* text : {"今天几号？", "你能帮我吗", "我们走吧。", "What time is it?", "Thank you.", "今天天气很好。"}) {
    EXPECT_GT(evidence_of_end(text), 0) << text;
  }
  EXPECT_EQ(evidence_of_end(""), 0);
}

TEST(SaidWords, digits) {
  EXPECT_EQ(digits_at_end("我的电话是一三八"), 3);
  EXPECT_EQ(digits_at_end("It is 555 01 23."), 7);
  EXPECT_EQ(digits_at_end("2 个苹果"), 0);
  EXPECT_EQ(digits_at_end("It's five five, oh one."), 4);
  EXPECT_EQ(digits_at_end("someone"), 0);
  EXPECT_EQ(expected_after("请问您的手机号码是多少？"), Expected::digits);
  EXPECT_EQ(expected_after("Could you spell your name?"), Expected::spelling);
  EXPECT_EQ(expected_after("今天天气很好。"), Expected::anything);
}

TEST(SaidWords, an_echo_is_found_and_an_answer_is_not) {
  auto const* const said = "从前有一座山，山上有一个老和尚。Once upon a time there was a monk.";
  EXPECT_TRUE(is_echo_of("山上有一个", said));
  EXPECT_TRUE(is_echo_of("upon a time, there", said));
  EXPECT_FALSE(is_echo_of("有一", said)) << "too short to tell";
  EXPECT_FALSE(is_echo_of("山下有什么", said));
}

}  // namespace
}  // namespace parley::conversation
