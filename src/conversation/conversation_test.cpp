// Scenarios of answers: speculation, sound in order, interruptions and what the history says afterwards.
#include "conversation/conversation.hpp"

#include <gmock/gmock.h>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

using language::Message;
using language::Speaker;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = TurnTaking::Kind;
using Why = ReplyEnded::Why;

ReplyAsked say(std::string text) {
  ReplyAsked asked;
  asked.overrides.say = std::move(text);
  return asked;
}

ReplyAsked outside() {
  ReplyAsked asked;
  asked.overrides.outside = true;
  asked.overrides.speak = false;
  return asked;
}

/// Somebody asks, and the answer of two clauses (1.5 s each) has been handed over whole at once.
Scenario answered(std::string language = "zh") {
  Scenario s(Scenario::spoken(language));
  bool const zh = language == "zh";
  s.user_says(zh ? "讲个故事吧。" : "Tell me a story.");
  s.token(zh ? "从前有一座山，" : "Once upon a time,");
  s.token(zh ? "山上有一个老和尚。" : " there lived an old wizard.");
  s.done();
  s.sound(0, 1500);
  s.sound(1, 1500);
  return s;
}

// ---- speculation
// ----------------------------------------------------------------------------------------------------------------

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

// ---- an answer
// ---------------------------------------------------------------------------------------------------------------------

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

// ---- failures
// ----------------------------------------------------------------------------------------------------------------------

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

// ---- interruption
// ------------------------------------------------------------------------------------------------------------------

TEST(Interruption, stops_everything_and_keeps_what_was_heard) {
  Scenario s;
  s.user_says("讲个故事吧。");
  s.token("从前有一座山，山上有一个老和尚。");
  s.sound(0, 1400);
  s.silence(480);
  s.voice(224);  // 704 ms heard: half of seven characters
  ASSERT_EQ(s.count<ReplyEnded>(), 1U);
  auto const ended = s.last<ReplyEnded>();
  EXPECT_EQ(ended.why, Why::turn_detected);
  EXPECT_EQ(ended.item.heard.ms(), 704);
  EXPECT_EQ(ended.item.text, "从前有");
  EXPECT_EQ(ended.item.status, ItemStatus::incomplete);
  EXPECT_EQ(ended.text, "从前有一座山，山上有一个老和尚。");
  EXPECT_EQ(s.count<Abandon>(), 1U);
  s.token("还有");
  s.sound(1, 500);
  EXPECT_EQ(s.count<ReplySound>(), 1U) << "nothing stale leaves";

  s.silence(256);
  s.words("停一下");
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "讲个故事吧。"},
                                       Message{Speaker::assistant, "从前有…"}, Message{Speaker::user, "停一下"}));
}

TEST(Interruption, of_sound_that_was_all_handed_over_truncates_the_item) {
  auto s = answered("en");
  ASSERT_EQ(s.count<ReplyEnded>(), 1U);
  s.silence(1984);
  s.voice(224);
  EXPECT_EQ(s.count<ReplyEnded>(), 1U) << "it has ended already, once";
  ASSERT_EQ(s.last<ItemNews>().what, ItemNews::What::truncated);
  EXPECT_EQ(s.last<ItemNews>().audio_end_ms, 2208);
  EXPECT_EQ(s.last<ItemNews>().item.text, "Once upon a time, there lived");
}

TEST(Interruption, a_cough_does_not_stop_the_answer) {
  auto s = answered();
  s.silence(320);
  s.voice(160);
  s.silence(640);
  s.voice(96);
  s.silence(640);
  EXPECT_EQ(s.count<SpeechStarted>(), 1U);
  EXPECT_EQ(s.count<ItemNews>(), 2U);
}

TEST(Interruption, after_the_answer_was_played_out_is_none) {
  auto s = answered();
  s.silence(3040);
  s.forget();
  s.voice(500);
  EXPECT_EQ(s.count<SpeechStarted>(), 1U);
  EXPECT_EQ(s.count<ItemNews>(), 0U);
  EXPECT_EQ(s.call().history().entries().back().item.status, ItemStatus::completed);
}

TEST(Interruption, is_off_when_the_settings_say_so) {
  auto settings = Scenario::spoken("zh");
  settings.turns.interrupt_reply = false;
  Scenario s(settings);
  s.user_says("讲个故事吧。");
  s.token("从前有一座山。");
  s.sound(0, 3000);
  s.user_says("快一点", 500);
  EXPECT_EQ(s.count<ReplyEnded>(), 0U);
  EXPECT_EQ(s.count<ReplyBegan>(), 1U) << "one answer after the other";
  s.tell(PieceArrived{s.last<Generate>().reply, language::Finish{}});
  EXPECT_EQ(s.count<ReplyEnded>(), 1U);
  EXPECT_EQ(s.count<ReplyBegan>(), 2U);
  EXPECT_EQ(s.context().back().text, "快一点");
}

TEST(Interruption, before_the_first_sound_leaves_both_turns_to_answer) {
  Scenario s;
  s.user_says("今天几号？");
  s.voice(500);
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::turn_detected);
  EXPECT_EQ(s.last<ReplyEnded>().item.text, "");
  s.silence(256);
  s.words("还有星期几？");
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "今天几号？"},
                                       Message{Speaker::user, "还有星期几？"}));
}

TEST(Interruption, by_noise_before_the_first_sound_does_not_lose_the_answer) {
  Scenario s;
  s.user_says("今天几号？");
  s.voice(320);
  EXPECT_EQ(s.count<ReplyEnded>(), 1U);
  s.silence(256);
  s.words("");
  s.finished(0.9F);
  ASSERT_EQ(s.count<ReplyBegan>(), 2U);
  EXPECT_EQ(s.context().back().text, "今天几号？");
}

// ---- what the client says and does
// ------------------------------------------------------------------------------------------------

TEST(Client, truncation_is_clamped_and_can_be_corrected) {
  auto s = answered("en");
  auto const item = s.last<ReplyBegan>().item;
  s.tell(ItemTruncated{item, 0, 99'999'999});
  EXPECT_EQ(s.last<ItemNews>().audio_end_ms, 3000);
  EXPECT_EQ(s.last<ItemNews>().item.status, ItemStatus::completed);
  s.tell(ItemTruncated{item, 0, 800});
  EXPECT_EQ(s.last<ItemNews>().item.text, "Once upon");
  s.tell(ItemTruncated{item, 0, 1600});
  EXPECT_EQ(s.last<ItemNews>().item.text, "Once upon a time,");
  s.tell(ItemTruncated{item, 0, -5});
  EXPECT_EQ(s.last<ItemNews>().item.text, "");
  s.tell(ItemTruncated{"nobody", 0, 5});
  EXPECT_EQ(s.count<Refused>(), 0U);
}

TEST(Client, truncation_stops_an_answer_that_is_under_way) {
  Scenario s;
  s.user_says("讲个故事吧。");
  s.token("从前有一座山，");
  s.sound(0, 1400);
  s.tell(ItemTruncated{s.last<ReplyBegan>().item, 0, 400});
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::client_cancelled);
  EXPECT_EQ(s.last<ItemNews>().item.text, "从前");
}

TEST(Client, cancels_the_current_answer_or_the_named_one) {
  Scenario s;
  s.tell(ReplyCancelled{});
  EXPECT_EQ(s.last<Refused>().code, "response_cancel_not_active");
  s.user_says("你好");
  s.tell(outside());
  auto const aside = s.last<ReplyBegan>();
  s.tell(ReplyCancelled{aside.response});
  EXPECT_EQ(s.last<ReplyEnded>().reply, aside.reply);
  s.tell(ReplyCancelled{"resp_unknown"});
  EXPECT_EQ(s.count<Refused>(), 2U);
  s.tell(ReplyCancelled{});
  EXPECT_EQ(s.last<ReplyEnded>().why, Why::client_cancelled);
  EXPECT_EQ(s.count<ReplyEnded>(), 2U);
}

TEST(Client, writes_and_deletes_items) {
  Scenario s;
  Item item;
  item.text = "我叫小明";
  s.tell(ItemAdded{item, std::nullopt});
  auto const first = s.last<ItemNews>().item.id;
  EXPECT_THAT(first, StartsWith("item_"));
  item.id = "mine";
  item.text = "先";
  s.tell(ItemAdded{item, "root"});
  EXPECT_EQ(s.last<ItemNews>().previous, "");
  item.id = "third";
  item.text = "后";
  s.tell(ItemAdded{item, first});
  EXPECT_EQ(s.last<ItemNews>().previous, first);
  s.tell(ItemAdded{item, std::nullopt});
  s.tell(ItemAdded{Item{}, "nowhere"});
  EXPECT_EQ(s.count<Refused>(), 2U);
  s.tell(ItemDeleted{first});
  EXPECT_EQ(s.last<ItemNews>().what, ItemNews::What::deleted);
  s.tell(ItemDeleted{first});
  EXPECT_EQ(s.last<Refused>().code, "item_delete_invalid_item_id");
  s.tell(ReplyAsked{});
  EXPECT_THAT(s.context(),
              ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::user, "先"}, Message{Speaker::user, "后"}));
}

TEST(Client, deleting_the_item_that_is_being_written_stops_it) {
  Scenario s;
  s.user_says("你好");
  s.tell(ItemDeleted{s.last<ReplyBegan>().item});
  EXPECT_EQ(s.count<ReplyEnded>(), 1U);
  EXPECT_EQ(s.call().history().entries().size(), 1U);
}

TEST(Client, settings_prepare_the_model) {
  Scenario s;
  s.change(Scenario::spoken("en"));
  EXPECT_THAT(s.last<Prepare>().messages, ElementsAre(Message{Speaker::system, "You are Fawn."}));
}

TEST(Client, hanging_up_ends_all) {
  Scenario s;
  s.user_says("你好");
  s.tell(outside());
  s.voice(500);
  s.forget();
  s.tell(HungUp{});
  EXPECT_EQ(s.count<ReplyEnded>(), 1U) << "the other one was interrupted";
  EXPECT_EQ(s.count<CloseUtterance>(), 1U);
  EXPECT_EQ(s.call().wake_at(), core::never);
  s.forget();
  s.user_says_nothing();
  EXPECT_TRUE(s.all().empty());
}

TEST(Idle, speaks_first_when_nobody_does_but_not_for_ever) {
  auto settings = Scenario::spoken("zh", Kind::silence);
  settings.turns.idle = Milliseconds(6000);
  Scenario s(settings);
  s.silence(8000);
  EXPECT_EQ(s.count<IdleTimeout>(), 0U) << "only after an answer";
  s.tell(say("你好。"));
  s.sound(0, 1000);
  s.silence(6944);
  EXPECT_EQ(s.count<IdleTimeout>(), 0U) << "it counts from the end of playing";
  s.silence(96);
  ASSERT_EQ(s.count<IdleTimeout>(), 1U);
  EXPECT_EQ(s.last<IdleTimeout>().item, s.last<TurnCommitted>().item);
  EXPECT_THAT(s.context(), ElementsAre(Message{Speaker::system, "你是小鹿。"}, Message{Speaker::assistant, "你好。"},
                                       Message{Speaker::user, "（沉默）"}));
  for (int i = 0; i < 5; ++i) {
    s.done();
    s.silence(7000);
  }
  EXPECT_EQ(s.count<IdleTimeout>(), 3U);
}

}  // namespace
}  // namespace parley::conversation
