// Scenarios of answers: speculation, sound in order, interruptions and what the history says afterwards.
#include "conversation/conversation.hpp"

#include <gmock/gmock.h>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

using language::Message;
using language::Speaker;
using testing::ElementsAre;
using Why = ReplyEnded::Why;

// ---- speculation ------------------------------------------------------------------------------------------------------------

TEST(Speculation, thinks_and_speaks_in_the_pause_and_lets_nothing_out_before_the_commitment) {
  Scenario s;
  s.voice(1000);
  s.silence(256);
  s.words("你好");
  ASSERT_EQ(s.count<Generate>(), 1U);
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "你好"}));
  s.token("你好呀朋友，");
  s.token("见到你真高兴。");
  s.token("我们聊聊吧。");
  ASSERT_EQ(s.count<Speak>(), 1U) << "only the first clause";
  s.sound(0, 700);
  EXPECT_EQ(s.count<ReplyBegan>() + s.count<ReplyText>() + s.count<ReplySound>(), 0U);
  EXPECT_TRUE(s.call().history().entries().empty());

  s.forget();
  s.tell(EndPredicted{{1}, 1, 0.9F});
  EXPECT_EQ(s.count<Generate>(), 0U);
  EXPECT_EQ(s.count<ReplySound>(), 1U) << "the held sound leaves with the commitment";
  EXPECT_EQ(s.text_sent(), "你好呀朋友，见到你真高兴。我们聊聊吧。");
  EXPECT_EQ(s.count<Speak>(), 1U) << "the second clause";
}

TEST(Speculation, begins_with_words_told_unasked_and_is_kept_when_the_transcript_says_the_same) {
  Scenario s;
  s.voice(1000);
  s.unasked("今天天气");
  s.voice(200);
  s.unasked("今天天气怎么样");
  EXPECT_EQ(s.count<Generate>(), 0U) << "he still talks";
  EXPECT_EQ(s.last<UserWordsGrew>().delta, "今天天气");
  s.silence(256);
  ASSERT_EQ(s.count<Generate>(), 1U);
  EXPECT_EQ(s.context().back().text, "今天天气怎么样");
  s.token("今天天气很好。");
  s.words("今天天气怎么样？");
  s.finished(0.9F);
  EXPECT_EQ(s.count<Generate>(), 1U);
  EXPECT_EQ(s.count<Abandon>(), 0U);
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  EXPECT_EQ(s.call().history().entries().front().item.text, "今天天气怎么样？");
}

TEST(Speculation, of_words_told_unasked_gives_way_to_other_ones) {
  Scenario s;
  s.voice(1000);
  s.unasked("今天天气");
  s.silence(128);
  EXPECT_EQ(s.context().back().text, "今天天气");
  s.unasked("今天天气怎么样");
  EXPECT_EQ(s.count<Abandon>(), 1U);
  EXPECT_EQ(s.context().back().text, "今天天气怎么样");
  s.words("今天天气怎么样呢？");
  EXPECT_EQ(s.count<Abandon>(), 2U);
  s.unasked("今天");  // late
  s.finished(0.9F);
  EXPECT_EQ(s.count<Generate>(), 3U);
  EXPECT_EQ(s.context().back().text, "今天天气怎么样呢？");
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
}

TEST(Speculation, a_mark_that_makes_a_question_of_a_statement_makes_other_words) {
  Scenario s;
  s.voice(1000);
  s.unasked("你明天去。");
  s.silence(256);
  s.words("你明天去？");
  EXPECT_EQ(s.count<Abandon>(), 1U);
  EXPECT_EQ(s.context().back().text, "你明天去？");
}

TEST(Speculation, is_not_made_of_words_told_long_before_the_pause) {
  Scenario s;
  s.voice(1000);
  s.unasked("今天天气");
  s.voice(500);
  s.silence(256);
  EXPECT_EQ(s.count<Generate>(), 0U);
}

TEST(Speculation, is_thrown_away_when_the_user_goes_on) {
  Scenario s;
  s.voice(1000);
  s.silence(256);
  s.words("我想");
  s.token("想什么？");
  s.sound(0, 500);
  auto const first = s.last<Generate>().reply;
  s.voice(300);
  ASSERT_EQ(s.count<Abandon>(), 1U);
  EXPECT_EQ(s.last<Abandon>().reply, first);
  s.tell(PieceArrived{first, language::Delta{"late"}});
  s.tell(SoundArrived{first, 0, sound_of_ms(300), true});
  s.silence(256);
  s.words("我想喝茶");
  EXPECT_NE(s.last<Generate>().reply, first);
  s.finished(0.9F);
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  EXPECT_EQ(s.count<ReplySound>(), 0U);
  EXPECT_EQ(s.last<ReplyBegan>().reply, s.last<Generate>().reply);
}

TEST(Speculation, that_failed_is_tried_again_after_the_commitment) {
  Scenario s;
  s.voice(1000);
  s.silence(256);
  s.words("你好");
  s.tell(PieceArrived{s.last<Generate>().reply, core::Error{core::Code::busy, "no room", "", {}}});
  s.finished(0.9F);
  EXPECT_EQ(s.count<Generate>(), 2U);
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  EXPECT_EQ(s.count<ReplyEnded>(), 0U);
}

TEST(Speculation, under_other_instructions_is_worth_nothing) {
  Scenario s;
  s.voice(1000);
  s.silence(256);
  s.words("你好");
  auto settings = Scenario::spoken("zh");
  settings.instructions = "你是老师。";
  s.change(settings);
  EXPECT_EQ(s.count<Abandon>(), 1U);
  s.finished(0.9F);
  EXPECT_EQ(s.context().front().text, "你是老师。");
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
}

TEST(Speculation, is_limited_for_somebody_who_pauses_all_the_time) {
  Scenario s;
  for (int i = 0; i < 8; ++i) {
    s.voice(320);
    s.silence(256);
    s.words("嗯 " + std::to_string(i));
  }
  EXPECT_EQ(s.count<Generate>(), 4U);
  s.finished(0.9F);
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
}

TEST(Speculation, is_not_made_when_nobody_wants_an_answer) {
  auto settings = Scenario::spoken("zh");
  settings.turns.create_reply = false;
  Scenario s(settings);
  s.user_says("你好");
  EXPECT_EQ(s.count<Generate>(), 0U);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
  s.tell(ReplyAsked{});
  EXPECT_EQ(s.context().back().text, "你好");
}

// ---- an answer --------------------------------------------------------------------------------------------------------------

TEST(Answer, goes_from_turn_to_history) {
  auto s = answered();
  ASSERT_EQ(s.count<ReplyEnded>(), 1U);
  auto const ended = s.last<ReplyEnded>();
  EXPECT_EQ(ended.why, Why::completed);
  EXPECT_EQ(ended.item.text, "从前有一座山，山上有一个老和尚。");
  EXPECT_EQ(ended.item.status, ItemStatus::completed);
  EXPECT_EQ(ended.sent.ms(), 3000);
  EXPECT_EQ(ended.usage.completion_tokens, 3);
  EXPECT_EQ(s.last<ReplyBegan>().previous, s.last<TurnCommitted>().item);
  EXPECT_THAT(s.last<Prepare>().messages,
              ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "讲个故事吧。"},
                          Message{Speaker::assistant, "从前有一座山，山上有一个老和尚。"}));
}

TEST(Answer, sound_leaves_in_the_order_of_clauses_without_gaps) {
  Scenario s;
  s.user_says("你好");
  s.token("第一句话到了。第二句话到了。第三");
  s.sound(1, 400);
  EXPECT_EQ(s.count<ReplySound>(), 0U);
  s.sound(0, 300, false);
  s.sound(0, 200, true);
  auto const sounds = s.got<ReplySound>();
  ASSERT_EQ(sounds.size(), 3U);
  EXPECT_EQ(sounds[0].at.ms(), 0);
  EXPECT_EQ(sounds[1].at.ms(), 300);
  EXPECT_EQ(sounds[2].at.ms(), 500);
}

TEST(Answer, asks_for_no_more_than_two_clauses_ahead) {
  Scenario s;
  s.user_says("数数");
  s.token("第一句话到了。第二句话到了。第三句话到了。第四句话到了。第五句话到了。");
  s.done();
  EXPECT_EQ(s.count<Speak>(), 2U);
  s.sound(0, 300);
  EXPECT_EQ(s.count<Speak>(), 3U);
  EXPECT_EQ(s.last<Speak>().urgency, core::Urgency::running_dry);
  s.sound(1, 9000);
  s.sound(2, 9000);
  EXPECT_EQ(s.count<Speak>(), 4U) << "the player has enough for now";
  s.sound(3, 300);
  EXPECT_EQ(s.count<Speak>(), 4U);
  s.pass(9000);
  EXPECT_EQ(s.count<Speak>(), 5U);
  s.sound(4, 300);
  EXPECT_EQ(s.count<ReplyEnded>(), 1U);
}

TEST(Answer, each_clause_has_the_voice_of_its_language) {
  Scenario s;
  s.user_says("用英语打个招呼");
  s.token("你好我的朋友。Hello my dear old friend, how are you? 再见我的老朋友。");
  s.done();
  s.sound(0, 300);
  auto const spoken = s.got<Speak>();
  ASSERT_EQ(spoken.size(), 3U);
  EXPECT_EQ(spoken[0].voice, "kokoro:zf");
  EXPECT_EQ(spoken[1].voice, "piper:joe");
  EXPECT_EQ(spoken[1].language, "en");
  EXPECT_EQ(spoken[2].voice, "kokoro:zf");
}

TEST(Answer, a_language_without_a_voice_is_spoken_by_the_roles) {
  auto settings = Scenario::spoken("zh");
  settings.voices = {{"zh", "kokoro:zf"}};
  Scenario s(settings);
  s.user_says("你好");
  s.token("Hello.");
  s.done();
  EXPECT_EQ(s.last<Speak>().voice, "kokoro:zf");
}

TEST(Answer, what_cannot_be_said_is_not_spoken_but_stays_in_the_text) {
  Scenario s;
  s.user_says("你好");
  s.token("你好我的朋友。😀");
  s.done();
  EXPECT_EQ(s.count<Speak>(), 1U);
  s.sound(0, 300);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "你好我的朋友。😀");
}

TEST(Answer, text_only_has_no_sound) {
  auto settings = Scenario::spoken("en");
  settings.speak = false;
  Scenario s(settings);
  s.user_says("Hi.");
  EXPECT_FALSE(s.last<ReplyBegan>().speak);
  s.token("Hello, ");
  s.token("friend.");
  s.done();
  EXPECT_EQ(s.count<Speak>() + s.count<ReplySound>(), 0U);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "Hello, friend.");
  EXPECT_EQ(s.count<TurnMeasured>(), 1U);
}

TEST(Answer, of_nothing_ends_all_the_same) {
  Scenario s;
  s.user_says("你好");
  s.done();
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::completed);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "");
}

TEST(Answer, that_runs_into_the_limit_says_so_after_its_sound) {
  Scenario s;
  s.user_says("讲故事");
  s.token("从前有");
  s.done(language::FinishReason::length);
  EXPECT_EQ(s.count<ReplyEnded>(), 0U);
  s.sound(0, 300);
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::max_tokens);
  EXPECT_EQ(s.last<ReplyEnded>().item.status, ItemStatus::incomplete);
}

TEST(Answer, that_the_guard_ended_is_spoken_and_says_so) {
  Scenario s;
  s.user_says("我的卡号是多少？");
  s.token("检测到敏感信息输入");
  s.done(language::FinishReason::content_filter);
  s.sound(0, 300);
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::content_filter);
  EXPECT_EQ(s.last<ReplyEnded>().item.status, ItemStatus::incomplete);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "检测到敏感信息输入");
}

TEST(Answer, what_it_stands_on_is_told_between_its_beginning_and_its_end) {
  Scenario s;
  s.user_says("保修多久？");
  language::Grounds grounds;
  grounds.sources.push_back({"faq.md", "", "保修三年。", 0, 5, 0});
  s.tell(PieceArrived{s.last<Generate>().reply, grounds});
  s.token("三年。");
  grounds.whole = true;
  s.tell(PieceArrived{s.last<Generate>().reply, grounds});
  s.done();
  EXPECT_EQ(s.count<ReplyGrounds>(), 2U);
  EXPECT_EQ(s.last<ReplyGrounds>().grounds, grounds);
  EXPECT_EQ(s.last<ReplyGrounds>().reply, s.last<ReplyBegan>().reply);
}

TEST(Answer, a_greeting_needs_no_model) {
  Scenario s;
  s.tell(say("你好，我是小鹿。"));
  EXPECT_EQ(s.count<Generate>(), 0U);
  s.sound(0, 500);
  s.sound(1, 500);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "你好，我是小鹿。");
  EXPECT_EQ(s.count<TurnMeasured>(), 0U) << "nobody has asked";
  s.pass(2000);
  s.user_says("你好");
  EXPECT_EQ(s.context()[1].text, "你好，我是小鹿。");
}

TEST(Answer, overrides_hold_for_one_answer) {
  Scenario s;
  ReplyAsked asked;
  asked.overrides.instructions = "Be brief.";
  asked.overrides.max_tokens = 7;
  asked.overrides.metadata = {{"k", "v"}};
  asked.overrides.input = std::vector<Item>{{"x", Speaker::user, "Hi", false, ItemStatus::completed, {}, {}, {}}};
  s.tell(asked);
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "Be brief."}, Message{Speaker::user, "Hi"}));
  EXPECT_EQ(s.last<Generate>().request.sampling.max_tokens, 7);
  EXPECT_EQ(s.last<ReplyBegan>().metadata.at("k"), "v");
}

TEST(Answer, only_one_at_a_time_belongs_to_the_conversation) {
  Scenario s;
  s.user_says("你好");
  s.tell(ReplyAsked{});
  EXPECT_EQ(s.last<Refused>().code, "conversation_already_has_active_response");
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
}

TEST(Answer, outside_of_the_conversation_runs_beside_it_and_writes_nothing) {
  Scenario s;
  s.user_says("你好");
  auto const first = s.last<Generate>().reply;
  s.tell(outside());
  ASSERT_EQ(s.count<ReplyBegan>(), 2U);
  auto const aside = s.last<Generate>().reply;
  EXPECT_TRUE(s.last<ReplyBegan>().outside);
  s.tell(PieceArrived{aside, language::Delta{"greeting"}});
  s.tell(PieceArrived{aside, language::Finish{}});
  EXPECT_EQ(s.last<ReplyEnded>().reply, aside);
  s.tell(PieceArrived{first, language::Delta{"你好。"}});
  EXPECT_EQ(s.last<ReplyText>().reply, first);
  EXPECT_EQ(s.call().history().entries().size(), 2U);
  for (int i = 0; i < 5; ++i) s.tell(outside());
  EXPECT_EQ(s.last<Refused>().code, "rate_limit_exceeded");
}

TEST(Answer, is_measured_once_with_all_seven_stamps) {
  auto s = answered();
  ASSERT_EQ(s.count<TurnMeasured>(), 1U);
  auto const turn = s.last<TurnMeasured>().turn;
  for (int i = 0; i < measure::stamp_count; ++i) EXPECT_TRUE(turn.stamps[static_cast<std::size_t>(i)]) << i;
  EXPECT_EQ(turn.wait(), Milliseconds(320));
  EXPECT_EQ(turn.user_text, "讲个故事吧。");
  EXPECT_EQ(turn.user_item, s.last<TurnCommitted>().item);
  EXPECT_EQ(turn.reply_item, s.last<ReplyBegan>().item);
}

// ---- failures ---------------------------------------------------------------------------------------------------------------

TEST(Failure, of_the_model_ends_the_answer_and_not_the_call) {
  Scenario s;
  s.user_says("你好");
  s.tell(PieceArrived{s.last<Generate>().reply, core::Error{core::Code::internal, "out of memory", "", {}}});
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::failed);
  EXPECT_EQ(s.last<ReplyEnded>().error.message, "out of memory");
  EXPECT_EQ(s.count<TurnMeasured>(), 1U);
  s.user_says("再说一次");
  EXPECT_EQ(s.count<ReplyBegan>(), 2U);
}

TEST(Failure, of_the_synthesiser_keeps_what_was_spoken) {
  Scenario s;
  s.user_says("你好");
  s.token("第一句话到了。第二句话到了。第三");
  s.sound(0, 500);
  s.tell(SoundFailed{s.last<Speak>().reply, 1, {core::Code::internal, "no voice", "", {}}});
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::failed);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "第一句话到了。");
  EXPECT_EQ(s.count<Abandon>(), 1U);
}

}  // namespace
}  // namespace parley::conversation
