#include <gmock/gmock.h>

#include <set>

#include "server/base64.hpp"
#include "server/realtime_session_scenario.hpp"

namespace parley::server {
namespace {

using namespace conversation;
using language::Speaker;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(RealtimeSessionTest, CreatedComesFirstAndIsComplete) {
  EXPECT_THAT(types(), ElementsAre("session.created"));
  auto const& session = events_[0]["session"];
  EXPECT_THAT(session["id"].get<std::string>(), StartsWith("sess_"));
  EXPECT_EQ(session["type"], "realtime");
  EXPECT_EQ(session["audio"]["input"]["turn_detection"]["interrupt_response"], true);
}

TEST_F(RealtimeSessionTest, SpokenTurnInItsOrder) {
  (void)types();
  commit_turn("item_u");
  begin_reply(1, "item_a", true, false, {{"主题", "天气"}});
  tell(ReplyText{{1}, "你好，"});
  sound(1, 2400);
  tell(UserWords{"item_u", "今天天气怎么样", audio::Heard::from_ms(1480)});
  tell(ReplyText{{1}, "晴天。"});
  sound(1, 2400);
  end_reply(1, "你好，晴天。", "你好，晴天。");
  EXPECT_THAT(
      types(),
      ElementsAre("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
                  "conversation.item.added", "conversation.item.done", "response.created", "response.output_item.added",
                  "conversation.item.added", "response.content_part.added", "response.output_audio_transcript.delta",
                  "response.output_audio.delta", "conversation.item.input_audio_transcription.completed",
                  "response.output_audio_transcript.delta", "response.output_audio.delta", "response.output_audio.done",
                  "response.output_audio_transcript.done", "response.content_part.done", "response.output_item.done",
                  "conversation.item.done", "response.done", "rate_limits.updated"));
  EXPECT_EQ(last("input_audio_buffer.speech_started")["audio_start_ms"], 320);
  EXPECT_EQ(last("input_audio_buffer.committed")["previous_item_id"], nullptr);
  auto const& words = last("conversation.item.input_audio_transcription.completed");
  EXPECT_EQ(words["transcript"], "今天天气怎么样");
  EXPECT_EQ(words["usage"], Json::parse(R"({"type":"duration","seconds":1.48})"));
  EXPECT_EQ(last("response.created")["response"]["metadata"]["主题"], "天气");
  EXPECT_EQ(last("response.output_item.added")["item"]["status"], "in_progress");
  EXPECT_EQ(last("response.output_audio_transcript.done")["transcript"], "你好，晴天。");
  auto const& response = last("response.done")["response"];
  EXPECT_EQ(response["status"], "completed");
  EXPECT_EQ(response["metadata"]["主题"], "天气");
  EXPECT_EQ(response["usage"]["total_tokens"], 37);
  EXPECT_EQ(response["usage"]["input_token_details"]["cached_tokens"], 20);
  EXPECT_EQ(response["output"][0]["content"][0]["transcript"], "你好，晴天。");
  EXPECT_EQ(last("conversation.item.done")["previous_item_id"], "item_u");
}

TEST_F(RealtimeSessionTest, EveryEventHasItsOwnId) {
  commit_turn("item_u");
  begin_reply(1, "item_a");
  sound(1, 24'000);
  end_reply(1, "a", "a");
  std::set<std::string> ids;
  for (auto const& event : events_) EXPECT_TRUE(ids.insert(event.at("event_id").get<std::string>()).second);
}

TEST_F(RealtimeSessionTest, SoundIsCutIntoShortDeltasAndWhole) {
  begin_reply(1, "item_a");
  (void)types();
  sound(1, 12'001);
  std::size_t total = 0, deltas = 0;
  for (auto const& event : events_) {
    if (event["type"] != "response.output_audio.delta") continue;
    auto const bytes = decode_base64(event["delta"].get<std::string>());
    ASSERT_TRUE(bytes);
    EXPECT_GE(bytes->size(), 2U * 960);
    EXPECT_LE(bytes->size(), 2U * 2400);
    EXPECT_EQ(event["response_id"], "resp_1");
    total += bytes->size() / 2;
    ++deltas;
  }
  EXPECT_EQ(total, 12'001U);
  EXPECT_EQ(deltas, 6U);
  EXPECT_EQ(sounds_.back(), 1U) << "the queue must know whose sound it holds";
}

TEST_F(RealtimeSessionTest, BargeInClosesEverythingAndSilences) {
  begin_reply(1, "item_a");
  tell(ReplyText{{1}, "很久很久以前有一座山"});
  sound(1, 2400);
  tell(SpeechStarted{"item_u2", audio::Heard::from_ms(5000)});
  EXPECT_EQ(session_.take_silenced().value, 0U);
  end_reply(1, "很久很久", "很久很久以前有一座山", ReplyEnded::Why::turn_detected);
  EXPECT_EQ(session_.take_silenced().value, 1U);
  EXPECT_EQ(session_.take_silenced().value, 0U);
  auto const& response = last("response.done")["response"];
  EXPECT_EQ(response["status"], "cancelled");
  EXPECT_EQ(response["status_details"]["reason"], "turn_detected");
  EXPECT_EQ(response["output"][0]["status"], "incomplete");
  EXPECT_EQ(response["output"][0]["content"][0]["transcript"], "很久很久");
  EXPECT_EQ(response["usage"]["output_tokens"], 7) << "clients add it up also of a cancelled answer";
  (void)types();
  sound(1, 2400);
  tell(ReplyText{{1}, "迟到"});
  EXPECT_THAT(types(), IsEmpty()) << "what is not current never leaves";
}

TEST_F(RealtimeSessionTest, AVoiceOverSoundThatWasAllHandedOverSilencesIt) {
  begin_reply(4, "item_a");
  sound(4, 2400);
  end_reply(4, "一二三", "一二三");
  EXPECT_EQ(session_.take_silenced().value, 0U);
  Item cut{.id = "item_a",
           .speaker = Speaker::assistant,
           .text = "一",
           .spoken = true,
           .status = ItemStatus::incomplete,
           .from = {},
           .to = {},
           .heard = {}};
  (void)types();
  tell(ItemNews{ItemNews::What::truncated, cut, "", 0, 300});
  EXPECT_THAT(types(), ElementsAre("conversation.item.truncated"));
  EXPECT_EQ(session_.take_silenced().value, 4U);
  (void)say(R"({"type":"conversation.item.retrieve","item_id":"item_a"})");
  EXPECT_EQ(last("conversation.item.retrieved")["item"]["content"][0]["transcript"], "一");
}

TEST_F(RealtimeSessionTest, ReasonsOfTheEnd) {
  begin_reply(1, "a1");
  end_reply(1, "", "", ReplyEnded::Why::client_cancelled);
  EXPECT_EQ(last("response.done")["response"]["status_details"]["reason"], "client_cancelled");
  begin_reply(2, "a2");
  end_reply(2, "长", "长", ReplyEnded::Why::max_tokens);
  EXPECT_EQ(last("response.done")["response"]["status"], "incomplete");
  EXPECT_EQ(last("response.done")["response"]["status_details"]["reason"], "max_output_tokens");
  begin_reply(4, "a4");
  end_reply(4, "检测到敏感信息输入", "检测到敏感信息输入", ReplyEnded::Why::content_filter);
  EXPECT_EQ(last("response.done")["response"]["status"], "incomplete");
  EXPECT_EQ(last("response.done")["response"]["status_details"]["reason"], "content_filter");
  EXPECT_EQ(last("response.done")["response"]["output"][0]["status"], "incomplete");
  begin_reply(3, "a3");
  end_reply(3, "", "", ReplyEnded::Why::failed, {core::Code::unavailable, "the model is gone", "", {}});
  auto const& details = last("response.done")["response"]["status_details"];
  EXPECT_EQ(details["type"], "failed");
  EXPECT_EQ(details["error"]["type"], "server_error");
  EXPECT_EQ(details["error"]["message"], "the model is gone");
}

TEST_F(RealtimeSessionTest, TextOnly) {
  auto const events = say(R"({"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}})");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(std::get<SettingsChanged>(events[0]).settings.speak);
  (void)types();
  begin_reply(1, "item_a", false);
  tell(ReplyText{{1}, "你好"});
  sound(1, 2400);  // must not leave
  end_reply(1, "你好", "你好");
  EXPECT_THAT(types(), ElementsAre("response.created", "response.output_item.added", "conversation.item.added",
                                   "response.content_part.added", "response.output_text.delta", "response.output_text.done",
                                   "response.content_part.done", "response.output_item.done", "conversation.item.done",
                                   "response.done", "rate_limits.updated"));
  EXPECT_EQ(last("response.done")["response"]["output"][0]["content"][0]["type"], "output_text");
  EXPECT_EQ(last("response.content_part.done")["part"]["type"], "text");
}

TEST_F(RealtimeSessionTest, OutOfBandTouchesNoConversation) {
  commit_turn("item_u");
  begin_reply(1, "item_a");
  auto const events = say(R"({"type":"response.create","response":{"conversation":"none","output_modalities":["text"],
    "metadata":{"k":"v"},"input":[{"type":"item_reference","id":"item_u"}]}})");
  auto const& asked = std::get<ReplyAsked>(events.at(0)).overrides;
  EXPECT_TRUE(asked.outside);
  EXPECT_EQ(asked.input->at(0).id, "item_u");
  (void)types();
  begin_reply(2, "item_x", false, true, asked.metadata);
  tell(ReplyText{{2}, "天气"});
  end_reply(2, "天气", "天气");
  EXPECT_THAT(types(), ElementsAre("response.created", "response.output_item.added", "response.content_part.added",
                                   "response.output_text.delta", "response.output_text.done", "response.content_part.done",
                                   "response.output_item.done", "response.done", "rate_limits.updated"));
  EXPECT_EQ(last("response.done")["response"]["conversation_id"], nullptr);
  EXPECT_EQ(last("response.done")["response"]["metadata"]["k"], "v");
  sound(1, 2400);
  EXPECT_THAT(types(), testing::Contains("response.output_audio.delta")) << "the other answer goes on";
}

TEST_F(RealtimeSessionTest, ItemsAreCreatedRetrievedAndDeleted) {
  (void)types();
  auto events = say(R"({"type":"conversation.item.create","event_id":"e1","previous_item_id":"root","item":{"id":"mine",
    "type":"message","role":"user","content":[{"type":"input_text","text":"记住：七"}]}})");
  auto const& added = std::get<ItemAdded>(events.at(0));
  EXPECT_EQ(added.after, "root");
  (void)say(R"({"type":"conversation.item.retrieve","item_id":"mine"})");
  EXPECT_THAT(types(), IsEmpty()) << "asked for before the conversation has it: answered when it has";
  tell(ItemNews{ItemNews::What::added, added.item, "", 0, 0});
  tell(ItemNews{ItemNews::What::done, added.item, "", 0, 0});
  EXPECT_THAT(types(), ElementsAre("conversation.item.added", "conversation.item.done", "conversation.item.retrieved"));
  EXPECT_EQ(last("conversation.item.retrieved")["item"]["content"][0]["text"], "记住：七");

  EXPECT_THAT(say(R"({"type":"conversation.item.create","event_id":"e2","item":{"id":"mine","type":"message","role":"user",
    "content":[{"type":"input_text","text":"x"}]}})"),
              IsEmpty());
  EXPECT_EQ(last("error")["error"]["event_id"], "e2");
  EXPECT_THAT(say(R"({"type":"conversation.item.create","event_id":"e3","previous_item_id":"nobody","item":{"type":"message",
    "role":"user","content":[{"type":"input_text","text":"x"}]}})"),
              IsEmpty());
  EXPECT_EQ(last("error")["error"]["param"], "previous_item_id");

  EXPECT_EQ(std::get<ItemDeleted>(say(R"({"type":"conversation.item.delete","item_id":"mine"})").at(0)).item, "mine");
  tell(ItemNews{ItemNews::What::deleted, added.item, "", 0, 0});
  EXPECT_EQ(last("conversation.item.deleted")["item_id"], "mine");
  EXPECT_THAT(say(R"({"type":"conversation.item.retrieve","event_id":"rci_mine","item_id":"mine"})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["code"], "item_retrieve_invalid_item_id");
  EXPECT_EQ(last("error")["error"]["event_id"], "rci_mine");
  EXPECT_THAT(say(R"({"type":"conversation.item.delete","event_id":"e5","item_id":"mine"})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["code"], "item_delete_invalid_item_id");
}

TEST_F(RealtimeSessionTest, AnItemWithoutIdGetsOne) {
  auto const events = say(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
    "content":[{"type":"input_text","text":"x"}]}})");
  EXPECT_THAT(std::get<ItemAdded>(events.at(0)).item.id, StartsWith("item_"));
}

TEST_F(RealtimeSessionTest, TruncateBeyondTheEndIsNoError) {
  begin_reply(1, "item_a");
  end_reply(1, "一二三", "一二三");
  (void)types();
  auto const events =
      say(R"({"type":"conversation.item.truncate","item_id":"item_a","content_index":0,"audio_end_ms":999999})");
  EXPECT_EQ(std::get<ItemTruncated>(events.at(0)).audio_end_ms, 999'999);
  Item whole{.id = "item_a",
             .speaker = Speaker::assistant,
             .text = "一二三",
             .spoken = true,
             .status = ItemStatus::completed,
             .from = {},
             .to = {},
             .heard = {}};
  tell(ItemNews{ItemNews::What::truncated, whole, "", 0, 1234});  // the conversation has clamped it
  EXPECT_THAT(types(), ElementsAre("conversation.item.truncated"));
  EXPECT_EQ(last("conversation.item.truncated")["audio_end_ms"], 1234);
}

TEST_F(RealtimeSessionTest, OnlySpokenAnswersCanBeTruncated) {
  commit_turn("item_u");
  EXPECT_THAT(say(R"({"type":"conversation.item.truncate","item_id":"item_u","content_index":0,"audio_end_ms":1})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["param"], "item_id");
  EXPECT_THAT(say(R"({"type":"conversation.item.truncate","item_id":"nobody","content_index":0,"audio_end_ms":1})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["code"], "item_truncate_invalid_item_id");
}

TEST_F(RealtimeSessionTest, LateRefusalsCarryTheClientsEventId) {
  ASSERT_EQ(say(R"({"type":"response.create","event_id":"first"})").size(), 1U);
  begin_reply(1, "item_a");
  ASSERT_EQ(say(R"({"type":"response.create","event_id":"second"})").size(), 1U);
  tell(Refused{"conversation_already_has_active_response", {core::Code::conflict, "there is an active response", "", {}}});
  EXPECT_EQ(last("error")["error"]["code"], "conversation_already_has_active_response");
  EXPECT_EQ(last("error")["error"]["event_id"], "second");
  end_reply(1, "a", "a");
  ASSERT_EQ(say(R"({"type":"response.cancel","event_id":"stop"})").size(), 1U);
  tell(Refused{"response_cancel_not_active", {core::Code::invalid, "nothing to cancel", "", {}}});
  EXPECT_EQ(last("error")["error"]["code"], "response_cancel_not_active");
  EXPECT_EQ(last("error")["error"]["event_id"], "stop");
  EXPECT_THAT(last("error")["error"]["message"].get<std::string>(), StartsWith("Cancellation failed"));
  ASSERT_EQ(say(R"({"type":"input_audio_buffer.commit","event_id":"empty"})").size(), 1U);
  tell(Refused{"input_audio_buffer_commit_empty", {core::Code::invalid, "the buffer is empty", "", {}}});
  EXPECT_EQ(last("error")["error"]["event_id"], "empty");
}

TEST_F(RealtimeSessionTest, AnAnswerToATurnOvertakesTheClientsWish) {
  ASSERT_EQ(say(R"({"type":"response.create","event_id":"late"})").size(), 1U);
  begin_reply(1, "item_a");  // of a turn that ended at the same moment
  tell(Refused{"conversation_already_has_active_response", {core::Code::conflict, "there is an active response", "", {}}});
  EXPECT_EQ(last("error")["error"]["event_id"], "late");
}

TEST_F(RealtimeSessionTest, ManualTurn) {
  (void)say(R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}})");
  std::string audio;
  append_base64(audio, std::string(48'000, '\0'));  // one second
  (void)say(R"({"type":"input_audio_buffer.append","audio":")" + audio + "\"}");
  auto const events = say(R"({"type":"input_audio_buffer.commit"})");
  EXPECT_NEAR(static_cast<double>(sound_), 16'000, 1) << "24 kHz in, 16 kHz heard, nothing kept back";
  EXPECT_TRUE(std::holds_alternative<CommitAsked>(events.at(0)));
  (void)types();
  tell(TurnCommitted{"item_u", ""});
  EXPECT_THAT(types(), ElementsAre("input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"));
  EXPECT_TRUE(std::holds_alternative<ClearAsked>(say(R"({"type":"input_audio_buffer.clear"})").at(0)));
  tell(Cleared{});
  EXPECT_THAT(types(), ElementsAre("input_audio_buffer.cleared"));
}

TEST_F(RealtimeSessionTest, AnAppendMayEndInsideASample) {
  std::size_t const before = events_.size();
  for (int i = 0; i < 4800; ++i) (void)say(R"({"type":"input_audio_buffer.append","audio":"AAAA"})");  // three bytes each
  (void)say(R"({"type":"input_audio_buffer.commit"})");
  EXPECT_NEAR(static_cast<double>(sound_), 4800 * 1.5 * 2 / 3, 2);
  EXPECT_EQ(events_.size(), before) << "append is never acknowledged";
}

TEST_F(RealtimeSessionTest, WordsNeverComeBeforeTheirItem) {
  tell(SpeechStarted{"item_u", {}});
  (void)types();
  tell(UserWords{"item_u", "早", audio::Heard::from_ms(500)});
  EXPECT_THAT(types(), IsEmpty());
  tell(TurnCommitted{"item_u", ""});
  EXPECT_THAT(types(), ElementsAre("input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
                                   "conversation.item.input_audio_transcription.completed"));
  tell(ItemNews{ItemNews::What::done,
                {.id = "item_u",
                 .speaker = Speaker::user,
                 .text = {},
                 .spoken = true,
                 .status = ItemStatus::completed,
                 .from = {},
                 .to = {},
                 .heard = {}},
                "",
                0,
                0});
  (void)say(R"({"type":"conversation.item.retrieve","item_id":"item_u"})");
  EXPECT_EQ(last("conversation.item.retrieved")["item"]["content"][0]["transcript"], "早");
}

TEST_F(RealtimeSessionTest, WordsGrowWhileTheyAreSaid) {
  tell(SpeechStarted{"item_u", audio::Heard::from_ms(320)});
  types();
  tell(UserWordsGrew{"item_u", "今天北京"});
  EXPECT_THAT(types(), ElementsAre("conversation.item.input_audio_transcription.delta"));
  Json const& grown = last("conversation.item.input_audio_transcription.delta");
  EXPECT_EQ(grown["item_id"], "item_u");
  EXPECT_EQ(grown["content_index"], 0);
  EXPECT_EQ(grown["delta"], "今天北京");
}

TEST_F(RealtimeSessionTest, FailedWordsAreSaid) {
  commit_turn("item_u");
  tell(UserWords{"item_u", core::fail(core::Code::internal, "the recogniser failed"), {}});
  EXPECT_EQ(last("conversation.item.input_audio_transcription.failed")["error"]["message"], "the recogniser failed");
}

TEST_F(RealtimeSessionTest, ErrorsAndUnknownEventsEndNothing) {
  EXPECT_THAT(say(R"({"type":"parley.magic","event_id":"e9"})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["type"], "invalid_request_error");
  EXPECT_EQ(last("error")["error"]["event_id"], "e9");
  EXPECT_THAT(say("nonsense"), IsEmpty());
  EXPECT_THAT(say(R"({"type":"session.update","event_id":"e10","session":{"type":"realtime","voice":"alloy"}})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["param"], "session.voice");
  EXPECT_EQ(last("error")["error"]["event_id"], "e10");
  EXPECT_THAT(say(R"({"type":"response.create","event_id":"e11","response":{"audio":{"output":{"voice":"nobody"}}}})"),
              IsEmpty());
  EXPECT_EQ(last("error")["error"]["event_id"], "e11");
  EXPECT_EQ(say(R"({"type":"response.create"})").size(), 1U);
}

TEST_F(RealtimeSessionTest, BrokenTextOfAModelStillLeavesAsUtf8) {
  begin_reply(1, "item_a");
  tell(ReplyText{{1}, "a\xff"});
  EXPECT_EQ(last("response.output_audio_transcript.delta")["delta"], "a\xEF\xBF\xBD");
}

TEST_F(RealtimeSessionTest, AGreetingIsSpokenAsItIs) {
  auto const events = say(R"({"type":"response.create","response":{"parley":{"say":"你好"}}})");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<ReplyAsked>(events[0]).overrides.say, "你好");
  say(R"({"type":"response.create","response":{"parley":{"sing":"你好"}}})");
  EXPECT_EQ(last("error")["error"]["param"], "response.parley.sing");
}

Item call_of(std::string id, std::string arguments, ItemStatus status) {
  Item call;
  call.id = std::move(id);
  call.kind = Item::Kind::function_call;
  call.speaker = Speaker::assistant;
  call.status = status;
  call.call_id = "call_" + call.id;
  call.name = "get_weather";
  call.text = std::move(arguments);
  return call;
}

TEST_F(RealtimeSessionTest, AFunctionIsCalledInTheOrderThatClientsRelyOn) {
  say(R"({"type":"session.update","session":{"type":"realtime","tool_choice":"required",
    "tools":[{"type":"function","name":"get_weather","description":"天气","parameters":{"type":"object"}}]}})");
  EXPECT_EQ(session_.config().settings().tools.at(0).name, "get_weather");
  EXPECT_EQ(session_.config().settings().tool_choice.kind, language::ToolChoice::Kind::required);
  commit_turn("item_u");
  (void)types();
  begin_reply(1, "item_a");
  tell(ToolCallStarted{{1}, call_of("fc_1", "", ItemStatus::in_progress), "item_a"});
  tell(ToolCallDelta{{1}, "fc_1", "call_fc_1", R"({"city":"北京"})"});
  tell(ToolCallDone{{1}, call_of("fc_1", R"({"city":"北京"})", ItemStatus::completed)});
  EXPECT_THAT(types(), ElementsAre("response.created", "response.output_item.added", "conversation.item.added",
                                   "response.function_call_arguments.delta"))
      << "that it is complete is told when the answer has ended";
  EXPECT_EQ(last("conversation.item.added")["previous_item_id"], "item_u") << "the message was never announced";
  ReplyEnded ended;
  ended.reply = {1};
  ended.calls = {call_of("fc_1", R"({"city":"北京"})", ItemStatus::completed)};
  tell(ended);
  EXPECT_THAT(types(), ElementsAre("response.function_call_arguments.done", "response.output_item.done",
                                   "conversation.item.done", "response.done", "rate_limits.updated"));
  EXPECT_EQ(last("response.function_call_arguments.done")["arguments"], R"({"city":"北京"})");
  EXPECT_EQ(last("response.output_item.done")["item"]["status"], "completed");
  EXPECT_EQ(last("response.done")["response"]["output"].size(), 1U);
  EXPECT_EQ(last("response.done")["response"]["output"][0]["type"], "function_call");

  auto const events =
      say(R"({"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_fc_1","output":"晴"}})");
  auto const& result = std::get<ItemAdded>(events.at(0)).item;
  EXPECT_EQ(result.kind, Item::Kind::function_call_output);
  tell(ItemNews{ItemNews::What::added, result, "fc_1", 0, 0});
  EXPECT_EQ(last("conversation.item.added")["item"]["output"], "晴");
}

TEST_F(RealtimeSessionTest, AMessageAndACallInOneAnswerEachHaveTheirPlace) {
  begin_reply(1, "item_a");
  tell(ReplyText{{1}, "我查一下。"});
  tell(ToolCallStarted{{1}, call_of("fc_1", "", ItemStatus::in_progress), "item_a"});
  EXPECT_EQ(last("response.output_item.added")["output_index"], 1);
  EXPECT_EQ(last("conversation.item.added")["previous_item_id"], "item_a");
  ReplyEnded ended;
  ended.reply = {1};
  ended.why = ReplyEnded::Why::client_cancelled;
  ended.calls = {call_of("fc_1", "{", ItemStatus::incomplete)};
  (void)types();
  tell(ended);
  EXPECT_THAT(types(), testing::Not(testing::Contains("response.function_call_arguments.done")))
      << "what was stopped is not to be carried out";
  EXPECT_EQ(last("response.output_item.done")["item"]["status"], "incomplete");
  EXPECT_EQ(last("response.done")["response"]["output"].size(), 2U);
}

TEST_F(RealtimeSessionTest, TelephoneSoundBothWays) {
  say(R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcmu"}},
    "output":{"format":{"type":"audio/pcma"}}}}})");
  EXPECT_EQ(last("session.updated")["session"]["audio"]["input"]["format"], Json::parse(R"({"type":"audio/pcmu"})"));
  sound_ = 0;
  std::string encoded;
  append_base64(encoded, std::string(8000, '\xff'));
  say(R"({"type":"input_audio_buffer.append","audio":")" + encoded + "\"}");
  say(R"({"type":"input_audio_buffer.commit"})");
  EXPECT_NEAR(static_cast<double>(sound_), 16'000, 100) << "a second of the telephone is a second";
  begin_reply(1, "item_a");
  sound(1, 24'000);
  end_reply(1, "a", "a");
  std::size_t bytes = 0;
  for (auto const& event : events_) {
    if (event["type"] == "response.output_audio.delta") bytes += decode_base64(event["delta"].get<std::string>())->size();
  }
  EXPECT_NEAR(static_cast<double>(bytes), 8'000, 50);
}

TEST_F(RealtimeSessionTest, ATranscriptionSessionOnlyHears) {
  auto const events = say(R"({"type":"session.update","session":{"type":"transcription","audio":{"input":{
    "transcription":{"model":"x","language":"zh"},"turn_detection":{"type":"server_vad"}}}}})");
  EXPECT_FALSE(std::get<SettingsChanged>(events.at(0)).settings.turns.create_reply);
  auto const& session = last("session.updated")["session"];
  EXPECT_EQ(session["type"], "transcription");
  EXPECT_FALSE(session.contains("instructions"));
  EXPECT_FALSE(session["audio"].contains("output"));
  EXPECT_THAT(say(R"({"type":"response.create","event_id":"mine"})"), IsEmpty());
  EXPECT_EQ(last("error")["error"]["code"], "invalid_session_type");
  EXPECT_EQ(last("error")["error"]["event_id"], "mine");
}

}  // namespace
}  // namespace parley::server
