// The program is ending: a call is over when nobody is in the middle of anything, and not before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

TEST(Ending, a_call_at_rest_is_over_at_once_and_only_once) {
  Scenario s;
  s.silence(500);
  s.tell(EndAsked{});
  EXPECT_EQ(s.count<CallOver>(), 1U);
  EXPECT_EQ(s.call().wake_at(), core::never);
  s.tell(EndAsked{});
  s.silence(5000);
  EXPECT_EQ(s.count<CallOver>(), 1U);
}

TEST(Ending, what_is_being_said_is_answered_and_the_answer_is_heard_to_its_end) {
  for (auto const* language : {"zh", "en"}) {
    bool const zh = language == std::string("zh");
    Scenario s(Scenario::spoken(language));
    s.voice(600);
    s.tell(EndAsked{});
    s.voice(400);
    s.silence(320);
    s.words(zh ? "讲个故事吧。" : "Tell me a story.");
    s.finished(0.9F);
    s.token(zh ? "从前有一座山。" : "Once upon a time.");
    s.done();
    s.sound(0, 3000);
    EXPECT_EQ(s.count<ReplyEnded>(), 1U) << "all has been handed over,";
    s.silence(2900);
    EXPECT_EQ(s.count<CallOver>(), 0U) << "but not yet played";
    s.pass(600);
    EXPECT_EQ(s.count<CallOver>(), 1U) << "it wakes by itself: no frame is needed";
  }
}

TEST(Ending, whoever_talks_into_the_last_answer_is_answered_too) {
  auto s = answered();
  s.tell(EndAsked{});
  s.silence(500);
  s.user_says("等一下，再说一遍。");
  EXPECT_EQ(s.count<CallOver>(), 0U);
  s.token("好的，再说一遍。");
  s.done();
  s.sound(0, 1000);
  s.silence(1500);
  EXPECT_EQ(s.count<CallOver>(), 1U);
}

TEST(Ending, a_tool_that_is_being_carried_out_is_waited_for) {
  auto settings = Scenario::spoken("zh");
  settings.tools = {{"get_weather", "天气", "{}"}};
  Scenario s(settings);
  s.user_says("北京天气怎么样？");
  s.tell(PieceArrived{s.last<Generate>().reply, language::ToolCallBegan{"call_1", "get_weather"}});
  s.tell(PieceArrived{s.last<Generate>().reply, language::ToolCallArguments{"call_1", "{}"}});
  s.pass(100);
  s.done(language::FinishReason::tool_calls);
  s.tell(EndAsked{});
  s.silence(5000);
  EXPECT_EQ(s.count<CallOver>(), 0U);
  s.tell(ToolAnswered{"call_1", "晴"});
  s.token("今天晴。");
  s.done();
  s.sound(0, 500);
  s.silence(1000);
  EXPECT_EQ(s.count<CallOver>(), 1U);
}

TEST(Ending, nobody_is_spoken_to_first) {
  auto settings = Scenario::spoken("zh", TurnTaking::Kind::manual);
  settings.turns.idle = Milliseconds(2000);
  Scenario s(settings);
  s.voice(500);  // into an open microphone, never committed
  s.tell(EndAsked{});
  s.silence(10'000);
  EXPECT_EQ(s.count<IdleTimeout>(), 0U);
  EXPECT_EQ(s.count<CallOver>(), 0U);
  s.tell(ClearAsked{});
  EXPECT_EQ(s.count<CallOver>(), 1U);
}

}  // namespace
}  // namespace parley::conversation
