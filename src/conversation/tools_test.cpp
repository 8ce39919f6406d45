// Scenarios of tools: asked for, carried out, never twice and never too early.
#include <gmock/gmock.h>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

using language::Message;
using language::Speaker;
using testing::ElementsAre;
using Why = ReplyEnded::Why;

Settings with_weather() {
  auto settings = Scenario::spoken("zh");
  settings.tools = {{"get_weather", "天气", "{}"}};
  return settings;
}
void calls(Scenario& s, std::string id, std::string arguments) {
  auto const reply = s.last<Generate>().reply;
  s.tell(PieceArrived{reply, language::ToolCallBegan{id, "get_weather"}});
  s.tell(PieceArrived{reply, language::ToolCallArguments{id, std::move(arguments)}});
}

/// Says it, and the client has had time to see the turn end.
void asks(Scenario& s, std::string const& words) {
  s.user_says(words);
  s.pass(50);
}

TEST(Tools, a_call_is_an_item_and_its_result_makes_the_model_go_on) {
  Scenario s(with_weather());
  asks(s, "北京天气怎么样？");
  EXPECT_EQ(s.last<Generate>().request.tools.size(), 1U);
  calls(s, "call_1", R"({"city":)");
  EXPECT_EQ(s.count<ToolCallDone>(), 0U);
  s.tell(PieceArrived{s.last<Generate>().reply, language::ToolCallArguments{"call_1", R"("北京"})"}});
  s.done(language::FinishReason::tool_calls);
  ASSERT_EQ(s.count<ToolCallStarted>(), 1U);
  EXPECT_EQ(s.count<ToolCallDelta>(), 2U);
  ASSERT_EQ(s.count<ToolCallDone>(), 1U);
  auto const call = s.last<ToolCallDone>().item;
  EXPECT_EQ(call.text, R"({"city":"北京"})");
  EXPECT_EQ(call.status, ItemStatus::completed);
  ASSERT_EQ(s.count<ReplyEnded>(), 1U);
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::completed);
  EXPECT_EQ(s.last<ReplyEnded>().calls.size(), 1U);

  s.tell(ToolAnswered{"call_1", "晴"});
  EXPECT_EQ(s.count<ReplyBegan>(), 2U);
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "北京天气怎么样？"},
                                       Message{Speaker::assistant, "", {{"call_1", "get_weather", R"({"city":"北京"})"}}},
                                       Message{Speaker::tool, "晴", {}, "call_1"}));
  s.tell(ToolAnswered{"call_1", "雨"});
  EXPECT_EQ(s.count<ReplyBegan>(), 2U) << "one result a call";
}

TEST(Tools, nothing_is_asked_for_before_the_turn_is_over) {
  Scenario s(with_weather());
  s.voice(800);
  s.silence(256);
  s.words("北京天气");
  ASSERT_EQ(s.count<Generate>(), 1U) << "it is a speculation";
  calls(s, "call_1", "{}");
  s.done(language::FinishReason::tool_calls);
  EXPECT_EQ(s.count<ToolCallStarted>(), 0U);
  s.voice(300);
  EXPECT_EQ(s.last<Abandon>().reply, s.last<Generate>().reply);
  s.silence(256);
  s.words("北京天气不好吗？");
  calls(s, "call_2", "{}");
  s.done(language::FinishReason::tool_calls);
  s.finished(0.95F);
  ASSERT_EQ(s.count<ReplyBegan>(), 1U);
  EXPECT_EQ(s.count<ToolCallStarted>(), 0U) << "not in the same breath as the end of the turn";
  EXPECT_EQ(s.count<ReplyEnded>(), 0U);
  s.pass(50);
  EXPECT_EQ(s.count<ReplyEnded>(), 1U);
  ASSERT_EQ(s.count<ToolCallStarted>(), 1U);
  EXPECT_EQ(s.last<ToolCallStarted>().item.call_id, "call_2");
}

TEST(Tools, of_an_answer_that_was_stopped_are_not_carried_out) {
  Scenario s(with_weather());
  asks(s, "北京天气怎么样？");
  calls(s, "call_1", "{}");
  s.tell(ReplyCancelled{});
  ASSERT_EQ(s.count<ToolCallDone>(), 1U) << "what began ends";
  EXPECT_EQ(s.last<ToolCallDone>().item.status, ItemStatus::incomplete);
  s.tell(ToolAnswered{"call_1", "晴"});
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  s.tell(ReplyAsked{});
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "北京天气怎么样？"}));
}

TEST(Tools, several_results_are_waited_for) {
  Scenario s(with_weather());
  asks(s, "北京和上海天气怎么样？");
  calls(s, "call_1", "{}");
  calls(s, "call_2", "{}");
  EXPECT_EQ(s.count<ToolCallDone>(), 1U);
  s.done();
  EXPECT_EQ(s.count<ToolCallDone>(), 2U);
  s.tell(ToolAnswered{"call_2", "晴"});
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  s.tell(ToolAnswered{"call_1", "雨"});
  EXPECT_EQ(s.count<ReplyBegan>(), 2U);
}

TEST(Tools, a_client_that_carries_them_out_asks_for_the_answer_itself) {
  Scenario s(with_weather());
  asks(s, "北京天气怎么样？");
  s.token("我查一下。");
  calls(s, "call_1", "{}");
  s.done();
  s.sound(0, 900);
  Item result;
  result.kind = Item::Kind::function_call_output;
  result.speaker = Speaker::tool;
  result.call_id = "call_1";
  result.text = "晴";
  s.tell(ItemAdded{result, std::nullopt});
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  s.tell(ReplyAsked{});
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "北京天气怎么样？"},
                                       Message{Speaker::assistant, "我查一下。", {{"call_1", "get_weather", "{}"}}},
                                       Message{Speaker::tool, "晴", {}, "call_1"}));
}

}  // namespace
}  // namespace parley::conversation
