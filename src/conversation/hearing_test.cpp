// Scenarios of the ear: when a voice begins, when a turn is over, what becomes of noise.
#include <gmock/gmock.h>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using Kind = TurnTaking::Kind;

core::Result<std::string> broken() { return core::fail(core::Code::internal, "the recogniser fell over"); }

TEST(Hearing, speech_begins_with_the_third_voiced_frame_and_reaches_back_before_the_first) {
  Scenario s;
  s.silence(640);
  s.voice(64);
  EXPECT_EQ(s.count<SpeechStarted>(), 0U);
  s.voice(32);
  ASSERT_EQ(s.count<SpeechStarted>(), 1U);
  EXPECT_EQ(s.last<SpeechStarted>().at.ms(), 640 - 300);
  EXPECT_EQ(s.last<OpenUtterance>().from.ms(), 640 - 300);
}

TEST(Hearing, the_prefix_does_not_reach_before_the_start_or_into_the_turn_before) {
  Scenario s;
  s.voice(96);
  EXPECT_EQ(s.last<SpeechStarted>().at.ms(), 0);

  Scenario t(Scenario::spoken("en", Kind::silence));
  t.voice(500);
  t.silence(600);
  auto const end = t.call().history().entries().back().item.to;
  t.voice(200);
  EXPECT_EQ(t.last<OpenUtterance>().from, end);
}

TEST(Hearing, one_voiced_frame_is_a_click) {
  Scenario s;
  for (int i = 0; i < 20; ++i) {
    s.voice(32);
    s.silence(64);
  }
  EXPECT_EQ(s.count<SpeechStarted>(), 0U);
}

TEST(Hearing, a_voice_that_is_there_goes_on_below_the_threshold) {
  Scenario s;
  s.voice(200);
  s.frames(1000, 0.40F);  // above 0.5 - 0.15
  EXPECT_EQ(s.count<Transcribe>(), 0U);
  s.frames(256, 0.30F);
  EXPECT_EQ(s.count<Transcribe>(), 1U);
}

TEST(Hearing, a_quiet_voice_alone_does_not_begin_speech) {
  Scenario s;
  s.frames(1000, 0.40F);
  EXPECT_EQ(s.count<SpeechStarted>(), 0U);
}

TEST(Hearing, two_silent_frames_ask_for_the_transcript_and_four_for_the_end) {
  Scenario s;
  s.voice(500);
  s.silence(32);
  EXPECT_EQ(s.count<Transcribe>(), 0U);
  s.silence(32);
  ASSERT_EQ(s.count<Transcribe>(), 1U);
  s.silence(32);
  EXPECT_EQ(s.count<PredictEnd>(), 0U);
  s.silence(32);
  ASSERT_EQ(s.count<Transcribe>(), 1U);
  ASSERT_EQ(s.count<PredictEnd>(), 1U);
  EXPECT_EQ(s.last<Transcribe>().revision, s.last<PredictEnd>().revision);
  EXPECT_EQ(s.last<Transcribe>().urgency, core::Urgency::final_transcript);
}

TEST(Hearing, who_goes_on_after_he_was_cut_off_is_heard_as_one) {
  Scenario s;
  s.silence(640);
  s.user_says("And so, my fellow Americans.");
  auto const first = s.last<OpenUtterance>().from;
  EXPECT_EQ(s.last<PredictEnd>().from, first);
  s.silence(640);
  s.voice(500);
  s.silence(256);
  EXPECT_GT(s.last<OpenUtterance>().from, first);
  EXPECT_EQ(s.last<PredictEnd>().from, first) << "\"ask not\" alone sounds like a whole sentence";
  s.words("Ask not.");
  s.finished(0.9F);

  s.silence(3000);
  s.voice(500);
  s.silence(256);
  EXPECT_EQ(s.last<PredictEnd>().from, s.last<OpenUtterance>().from) << "after a while it is another sentence";
}

TEST(Hearing, semantic_needs_both_the_words_and_the_models_yes) {
  Scenario a;
  a.voice(500);
  a.silence(256);
  a.finished(0.9F);
  EXPECT_EQ(a.count<TurnCommitted>(), 0U);
  a.words("你好");
  EXPECT_EQ(a.count<TurnCommitted>(), 1U);

  Scenario b;
  b.voice(500);
  b.silence(256);
  b.words("你好");
  EXPECT_EQ(b.count<TurnCommitted>(), 0U);
  b.finished(0.9F);
  EXPECT_EQ(b.count<TurnCommitted>(), 1U);
}

TEST(Hearing, the_words_of_a_pause_are_read_by_the_language_model_where_there_is_one) {
  auto settings = Scenario::spoken("zh");
  settings.turns.reads_text = true;
  Scenario s(settings);
  s.voice(500);
  s.silence(256);
  s.finished(0.95F);
  s.words("因为今天下雨下得很大");
  ASSERT_EQ(s.count<PredictTextEnd>(), 1U);
  auto const first = s.last<PredictTextEnd>();
  EXPECT_EQ(first.asked.messages.back().text, "因为今天下雨下得很大");
  EXPECT_EQ(first.asked.messages, s.context()) << "the beginning of what the answer is asked";
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);
  EXPECT_EQ(s.count<Generate>(), 1U) << "the answer does not wait for it";
  s.tell(TextEndPredicted{first.utterance, first.revision, 0.0001F});
  s.silence(320);
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);

  s.voice(500);
  s.silence(256);
  s.tell(TextEndPredicted{first.utterance, first.revision, 0.9F});  // late: it is of the pause before
  s.words("因为今天下雨下得很大，所以我不去了。");
  s.finished(0.95F);
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);
  auto const second = s.last<PredictTextEnd>();
  s.tell(TextEndPredicted{second.utterance, second.revision, std::unexpected(core::Error{core::Code::busy, "full", "", {}})});
  EXPECT_EQ(s.count<TurnCommitted>(), 1U) << "who cannot say is not waited for";
}

TEST(Hearing, semantic_asks_again_in_a_growing_pause_and_gives_up_waiting_at_last) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  s.words("我想要");
  s.finished(0.1F);
  s.silence(400);
  ASSERT_EQ(s.count<PredictEnd>(), 2U);
  s.finished(0.2F);
  s.silence(400);
  EXPECT_EQ(s.count<PredictEnd>(), 3U);
  s.finished(0.3F);
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);
  s.silence(832);  // 1920 ms in all
  EXPECT_EQ(s.count<TurnCommitted>(), 0U) << "我想要 is no sentence";
  s.silence(32);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
  EXPECT_EQ(s.count<Transcribe>(), 1U) << "silence adds no words";
}

TEST(Hearing, a_later_yes_ends_the_turn) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  s.words("我想要一杯茶");
  s.finished(0.2F);
  s.silence(400);
  s.finished(0.8F);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
}

TEST(Hearing, going_on_makes_the_revision_stale) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  auto const first = s.last<Transcribe>();
  s.voice(200);
  s.tell(TranscriptArrived{first.utterance, first.revision, "我想"});
  s.tell(EndPredicted{first.utterance, first.revision, 0.99F});
  EXPECT_EQ(s.count<TurnCommitted>() + s.count<Generate>(), 0U);
  s.silence(256);
  EXPECT_GT(s.last<Transcribe>().revision, first.revision);
  s.words("我想喝茶");
  s.finished(0.9F);
  EXPECT_EQ(s.last<UserWords>().text, "我想喝茶");
}

TEST(Hearing, one_frame_of_noise_in_a_pause_changes_nothing) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  s.voice(32);
  s.silence(64);
  s.words("你好");
  s.finished(0.9F);
  EXPECT_EQ(s.count<Transcribe>(), 1U);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
}

TEST(Hearing, when_the_end_of_turn_model_fails_silence_decides) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  s.words("你好");
  s.finished(core::fail(core::Code::internal, "no"));
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);
  s.silence(288);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
}

TEST(Hearing, silence_kind_ends_after_its_silence_and_never_asks_the_model) {
  Scenario s(Scenario::spoken("en", Kind::silence));
  s.voice(500);
  s.silence(224);
  EXPECT_EQ(s.count<Transcribe>(), 1U) << "the transcript is begun at the first pause";
  s.silence(256);
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);
  s.silence(32);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
  EXPECT_EQ(s.count<PredictEnd>(), 0U);
  EXPECT_EQ(s.count<Generate>(), 0U) << "no words yet";
  s.words("What time is it?");
  EXPECT_EQ(s.count<Generate>(), 1U);
}

TEST(Hearing, the_news_of_a_turn_come_in_the_protocols_order) {
  Scenario s;
  s.user_says("你好");
  EXPECT_THAT(s.story(), HasSubstr("stopped close committed item item words began"));
  EXPECT_EQ(s.last<TurnCommitted>().item, s.last<SpeechStarted>().item);
  EXPECT_EQ(s.last<SpeechStopped>().at.ms(), 1024);
}

TEST(Hearing, a_cough_is_dropped_without_a_turn) {
  for (auto const* const text : {"", "。", "…", " . "}) {
    Scenario s;
    s.voice(160);
    s.silence(256);
    s.words(text);
    s.finished(0.9F);
    EXPECT_EQ(s.count<SpeechStopped>(), 1U);
    EXPECT_EQ(s.count<CloseUtterance>(), 1U);
    EXPECT_EQ(s.count<TurnCommitted>() + s.count<ReplyBegan>() + s.count<Generate>(), 0U) << text;
    EXPECT_TRUE(s.call().history().entries().empty());
  }
}

TEST(Hearing, a_failed_transcript_is_told_and_the_call_goes_on) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  s.words(broken());
  s.finished(0.9F);
  ASSERT_EQ(s.count<UserWords>(), 1U);
  EXPECT_FALSE(s.last<UserWords>().text);
  EXPECT_EQ(s.count<ReplyBegan>(), 0U);
  s.silence(500);
  s.user_says("还在吗？");
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
}

TEST(Hearing, a_transcript_that_never_comes_is_given_up) {
  Scenario s(Scenario::spoken("en", Kind::silence));
  s.voice(500);
  s.silence(600);
  ASSERT_EQ(s.count<TurnCommitted>(), 1U);
  s.pass(25'000);
  ASSERT_EQ(s.count<UserWords>(), 1U);
  EXPECT_EQ(s.last<UserWords>().text.error().code, core::Code::deadline);
  EXPECT_EQ(s.count<CloseUtterance>(), 1U);
}

TEST(Hearing, a_stream_that_dries_up_is_a_pause) {
  Scenario s;
  s.voice(500);
  s.pass(3000);
  EXPECT_EQ(s.count<Transcribe>(), 1U);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
}

TEST(Hearing, a_short_stall_of_the_network_is_none) {
  Scenario s;
  s.voice(500);
  s.pass(600);
  s.voice(500);
  EXPECT_EQ(s.count<Transcribe>(), 0U);
}

TEST(Hearing, words_are_told_only_to_who_wants_them) {
  auto settings = Scenario::spoken("zh");
  settings.transcribe = false;
  Scenario s(settings);
  s.user_says("你好");
  EXPECT_EQ(s.count<UserWords>(), 0U);
  EXPECT_EQ(s.context().back().text, "你好");
}

TEST(Hearing, words_that_two_transcripts_agree_on_are_told_while_they_are_said) {
  Scenario s;
  s.voice(1600);
  s.words("今天北京");
  EXPECT_EQ(s.count<UserWordsGrew>(), 0U);  // one transcript alone may be wrong
  s.voice(1600);
  s.words("今天北京的天气");
  ASSERT_EQ(s.count<UserWordsGrew>(), 1U);
  EXPECT_EQ(s.last<UserWordsGrew>().item, s.last<SpeechStarted>().item);
  EXPECT_EQ(s.last<UserWordsGrew>().delta, "今天北京");
  s.voice(1600);
  s.words("今天北京的天气怎么样");
  EXPECT_EQ(s.last<UserWordsGrew>().delta, "的天气");
  s.voice(1600);
  s.words("昨天上海的天气怎么样");  // what was told is not taken back, and nothing is added to it
  s.voice(1600);
  s.words("昨天上海的天气怎么样啊");
  EXPECT_EQ(s.count<UserWordsGrew>(), 2U);
  s.silence(320);
  s.words("昨天上海的天气怎么样啊？");
  s.finished(0.9F);
  EXPECT_EQ(*s.last<UserWords>().text, "昨天上海的天气怎么样啊？");

  auto settings = Scenario::spoken("zh");
  settings.transcribe = false;
  Scenario quiet(settings);
  for (auto const* text : {"今天北京", "今天北京的天气", "今天北京的天气怎么样"}) {
    quiet.voice(1600);
    quiet.words(text);
  }
  EXPECT_EQ(quiet.count<UserWordsGrew>(), 0U);
}

// ---- turns that the client ends ---------------------------------------------------------------------------------------------

TEST(ManualTurns, commit_takes_everything_since_the_last_turn) {
  Scenario s(Scenario::spoken("en", Kind::manual));
  s.silence(320);
  s.voice(640);
  EXPECT_EQ(s.count<SpeechStarted>(), 0U);
  s.silence(3000);
  EXPECT_EQ(s.count<TurnCommitted>(), 0U);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
  EXPECT_EQ(s.last<OpenUtterance>().from.ms(), 20) << "silence before the voice is left out, but for the prefix";
  s.words("Hello there.");
  EXPECT_EQ(s.last<UserWords>().text, "Hello there.");
  EXPECT_EQ(s.count<ReplyBegan>(), 0U) << "an answer has to be asked for";
  s.tell(ReplyAsked{});
  EXPECT_EQ(s.context().back().text, "Hello there.");
}

TEST(ManualTurns, an_answer_asked_for_at_once_waits_for_the_words) {
  Scenario s(Scenario::spoken("en", Kind::manual));
  s.voice(640);
  s.tell(CommitAsked{});
  s.tell(ReplyAsked{});
  EXPECT_EQ(s.count<ReplyBegan>(), 1U);
  EXPECT_EQ(s.count<Generate>(), 0U);
  s.words("Hello there.");
  ASSERT_EQ(s.count<Generate>(), 1U);
  EXPECT_EQ(s.context().back().text, "Hello there.");
  s.token("Hi.");
  s.done();
  s.sound(0, 500);
  ASSERT_EQ(s.count<TurnMeasured>(), 1U);
  auto const turn = s.last<TurnMeasured>().turn;
  EXPECT_TRUE(turn.wait());
  EXPECT_TRUE(turn.at(measure::Stamp::final_transcript));
  EXPECT_EQ(turn.user_text, "Hello there.");
}

TEST(ManualTurns, a_voice_that_was_not_noticed_is_committed_too) {
  Scenario s(Scenario::spoken("en", Kind::manual));
  s.frames(640, 0.2F);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.last<OpenUtterance>().from.ms(), 0);
  EXPECT_EQ(s.count<Transcribe>(), 1U);
}

TEST(ManualTurns, an_empty_buffer_is_refused) {
  Scenario s(Scenario::spoken("en", Kind::manual));
  s.tell(CommitAsked{});
  EXPECT_EQ(s.last<Refused>().code, "input_audio_buffer_commit_empty");
  s.silence(96);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.count<Refused>(), 2U);
  s.silence(32);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.count<Refused>(), 3U);
}

TEST(ManualTurns, clear_throws_away_what_was_heard) {
  Scenario s(Scenario::spoken("en", Kind::manual));
  s.voice(640);
  s.tell(ClearAsked{});
  EXPECT_EQ(s.count<Cleared>(), 1U);
  EXPECT_EQ(s.count<CloseUtterance>(), 1U);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.count<Refused>(), 1U);
}

TEST(ManualTurns, clear_in_the_middle_of_detected_speech_ends_it_quietly) {
  Scenario s;
  s.voice(500);
  s.silence(256);
  s.words("你好");
  EXPECT_EQ(s.count<Generate>(), 1U);
  s.tell(ClearAsked{});
  EXPECT_EQ(s.count<Abandon>(), 1U);
  s.silence(3000);
  EXPECT_EQ(s.count<TurnCommitted>() + s.count<ReplyBegan>(), 0U);
  EXPECT_EQ(s.count<SpeechStopped>(), 1U);
}

TEST(ManualTurns, commit_works_with_detection_as_well) {
  Scenario s;
  s.voice(500);
  s.tell(CommitAsked{});
  EXPECT_EQ(s.count<SpeechStopped>(), 1U);
  EXPECT_EQ(s.count<TurnCommitted>(), 1U);
  s.words("你好");
  EXPECT_EQ(s.count<ReplyBegan>(), 0U);
}

}  // namespace
}  // namespace parley::conversation
