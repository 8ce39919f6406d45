// Scenarios of interruptions, and of clients that do what they like.
#include <gmock/gmock.h>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

using language::Message;
using language::Speaker;
using testing::ElementsAre;
using testing::StartsWith;
using Kind = TurnTaking::Kind;
using Why = ReplyEnded::Why;

// ---- interruption -----------------------------------------------------------------------------------------------------------

TEST(Interruption, stops_everything_and_keeps_what_was_heard) {
  Scenario s;
  s.user_says("讲个故事吧。");
  s.token("从前有一座山，山上有一个老和尚。");
  s.sound(0, 1400);
  s.silence(480);
  s.voice(224);  // 704 ms heard: half of seven characters
  EXPECT_EQ(s.count<SpeechStarted>(), 1U) << "nobody knows yet what it is";
  s.words("停一下");
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
  s.words("Wait, what");
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

TEST(Interruption, a_player_that_can_is_held_and_goes_on_from_the_very_sample) {
  auto settings = Scenario::spoken("zh");
  settings.player_holds = true;
  Scenario s(settings);
  s.user_says("讲个故事吧。");
  s.token("从前有一座山，山上有一个老和尚。");
  s.done();
  s.sound(0, 1400);
  s.sound(1, 2100);
  s.silence(480);
  s.voice(96);
  ASSERT_EQ(s.count<PlayHeld>(), 1U) << "after a tenth of a second";
  s.voice(96);
  s.silence(128);
  ASSERT_EQ(s.count<PlayResumed>(), 1U) << "a cough";
  // Held for 192 ms: what is heard afterwards is that much later.
  s.silence(320);
  s.voice(256);
  s.words("等一下");
  ASSERT_EQ(s.last<ItemNews>().what, ItemNews::What::truncated);
  EXPECT_EQ(s.last<ItemNews>().audio_end_ms, 480 + 96 + 32 + 320 + 96);
  EXPECT_EQ(s.count<PlayHeld>(), 2U);
  EXPECT_EQ(s.count<PlayResumed>(), 1U);
}

TEST(Interruption, signs_of_listening_do_not_stop_it_unless_they_answer_its_last_words) {
  for (auto const* text : {"嗯。", "Uh-huh."}) {
    auto s = answered();
    s.silence(320);
    s.voice(320);
    s.silence(96);
    s.words(text);
    EXPECT_EQ(s.count<SpeechStarted>(), 1U) << text;
    EXPECT_EQ(s.call().history().entries().back().item.status, ItemStatus::completed);
  }
  auto s = answered();
  s.silence(2400);  // 600 ms are left
  s.voice(320);
  s.silence(96);
  s.words("好的。");
  EXPECT_EQ(s.count<SpeechStarted>(), 2U);
}

TEST(Interruption, its_own_echo_is_not_heard_as_one) {
  auto s = answered();
  s.silence(320);
  s.voice(512 - 64);
  s.words("山上有一个");
  EXPECT_EQ(s.count<SpeechStarted>(), 1U);
}

TEST(Interruption, words_known_from_the_overlap_are_not_transcribed_again) {
  auto s = answered();
  s.silence(320);
  s.voice(256);
  s.silence(96);
  auto const asked = s.count<Transcribe>();
  s.words("停。");
  ASSERT_EQ(s.count<SpeechStarted>(), 2U);
  s.silence(256);
  s.finished(0.9F);
  EXPECT_EQ(s.count<Transcribe>(), asked);
  EXPECT_EQ(s.context().back().text, "停。");
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
  s.silence(128);
  s.words("");
  EXPECT_EQ(s.count<ReplyEnded>(), 0U);
  s.voice(512);  // too long for a cough
  EXPECT_EQ(s.count<ReplyEnded>(), 1U);
  s.silence(256);
  s.words("");
  s.finished(0.9F);
  ASSERT_EQ(s.count<ReplyBegan>(), 2U);
  EXPECT_EQ(s.context().back().text, "今天几号？");
}

// ---- what the client says and does ------------------------------------------------------------------------------------------

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
