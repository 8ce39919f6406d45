#include "conversation/overlap.hpp"

#include <gtest/gtest.h>

namespace parley::conversation {
namespace {

Overlap after(int ms) {
  Overlap o;
  o.since = o.voiced = Milliseconds(ms);
  return o;
}
Overlap stopped(int voiced_ms, int since_ms) {
  Overlap o = after(voiced_ms);
  o.since = Milliseconds(since_ms);
  o.voice_now = false;
  return o;
}
Overlap with(Overlap o, std::string words, bool all = true) {
  o.words = std::move(words);
  o.words_are_all = all;
  return o;
}

TEST(Overlap, a_cough_is_noise_as_soon_as_it_is_over) {
  EXPECT_EQ(judge(after(130)), Overlapping::undecided);
  EXPECT_EQ(judge(stopped(160, 260)), Overlapping::noise);
  EXPECT_EQ(judge(stopped(300, 400)), Overlapping::undecided) << "it may have been a word";
  EXPECT_EQ(judge(with(stopped(300, 430), "")), Overlapping::noise);
  EXPECT_EQ(judge(stopped(300, 900)), Overlapping::noise) << "the recogniser is late";
}

TEST(Overlap, signs_of_listening_in_both_languages) {
  for (auto const* text : {"嗯。", "对对。", "好的。", "Uh-huh.", "Yeah."}) {
    EXPECT_EQ(judge(with(after(300), text, false)), Overlapping::undecided) << text;
    EXPECT_EQ(judge(with(stopped(350, 470), text)), Overlapping::listening) << text;
    EXPECT_EQ(judge(with(after(480), text, false)), Overlapping::passing) << text;
  }
  EXPECT_EQ(judge(with(after(480), "明", false)), Overlapping::passing) << "of 明白了";
  EXPECT_EQ(judge(with(after(480), "Makes", false)), Overlapping::passing) << "sense";
  EXPECT_EQ(judge(with(after(480), "那", false)), Overlapping::interruption);
  EXPECT_EQ(judge(with(after(900), "嗯。", false)), Overlapping::interruption) << "a sentence that begins so";
}

TEST(Overlap, words_interrupt_at_once) {
  EXPECT_EQ(judge(with(after(240), "停", false)), Overlapping::interruption);
  EXPECT_EQ(judge(with(after(240), "Wait.", false)), Overlapping::interruption);
  EXPECT_EQ(judge(with(after(300), "那明天呢", false)), Overlapping::interruption);
  EXPECT_EQ(judge(with(after(300), "What about", false)), Overlapping::interruption);
  EXPECT_EQ(judge(with(stopped(180, 300), "you")), Overlapping::noise) << "what a recogniser hears in a cough";
}

TEST(Overlap, half_a_second_is_enough_without_any_words) {
  EXPECT_EQ(judge(after(470)), Overlapping::undecided);
  EXPECT_EQ(judge(after(480)), Overlapping::interruption);
  EXPECT_EQ(judge(stopped(400, 500)), Overlapping::passing) << "a short one: its words are waited for while the answer goes on";
  auto quiet = after(600);
  quiet.above_usual_db = -20;
  EXPECT_EQ(judge(quiet), Overlapping::passing) << "somebody else in the room";
  quiet.since = Milliseconds(900);
  EXPECT_EQ(judge(quiet), Overlapping::noise);
  EXPECT_EQ(judge(with(quiet, "请问现在几点")), Overlapping::interruption);
}

TEST(Overlap, its_own_echo_does_not_stop_an_answer) {
  auto o = with(after(400), "山上有一个", false);
  o.said = "从前有一座山，山上有一个老和尚。";
  EXPECT_EQ(judge(o), Overlapping::echo);
  EXPECT_EQ(judge(with(o, "山上有什么", false)), Overlapping::interruption);
}

}  // namespace
}  // namespace parley::conversation
