#include "server/beta_shape.hpp"

#include <gtest/gtest.h>

#include "server/realtime_session.hpp"

namespace parley::server {
namespace {

Json ga(std::string const& message) { return Json::parse(beta::to_ga(message)); }
Json old(std::string const& event) { return Json::parse(beta::from_ga(event).value_or("null")); }

TEST(BetaShape, a_session_update_is_put_into_todays_places) {
  auto const now = ga(R"({"type":"session.update","event_id":"e1","session":{"modalities":["text","audio"],"voice":"v",
    "instructions":"i","input_audio_format":"pcm16","output_audio_format":"g711_ulaw","input_audio_transcription":{"model":"m"},
    "turn_detection":null,"temperature":0.8,"max_response_output_tokens":"inf","tools":[]}})");
  EXPECT_EQ(now,
            Json::parse(R"({"type":"session.update","event_id":"e1","session":{"type":"realtime","output_modalities":["audio"],
    "instructions":"i","max_output_tokens":"inf","tools":[],
    "audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"transcription":{"model":"m"},"turn_detection":null},
             "output":{"voice":"v","format":{"type":"audio/pcmu"}}}}})"));
  EXPECT_EQ(ga(R"({"type":"session.update","session":{"modalities":["text"]}})")["session"],
            Json::parse(R"({"type":"realtime","output_modalities":["text"]})"));
}

TEST(BetaShape, what_an_assistant_once_said_is_renamed_and_a_users_words_are_not) {
  for (auto const* role : {"assistant", "user"}) {
    auto const now = ga(R"({"type":"conversation.item.create","item":{"type":"message","role":")" + std::string(role) +
                        R"(","content":[{"type":"text","text":"t"}]}})");
    EXPECT_EQ(now["item"]["content"][0]["type"], role == std::string_view("user") ? "text" : "output_text");
  }
  auto const asked = ga(R"({"type":"response.create","response":{"modalities":["text"],"voice":"v","temperature":1,
    "input":[{"type":"message","role":"assistant","content":[{"type":"audio","transcript":"a"}]}]}})");
  EXPECT_EQ(asked["response"], Json::parse(R"({"output_modalities":["text"],"audio":{"output":{"voice":"v"}},
    "input":[{"type":"message","role":"assistant","content":[{"type":"output_audio","transcript":"a"}]}]})"));
}

TEST(BetaShape, events_leave_under_their_old_names) {
  EXPECT_EQ(old(R"({"type":"response.output_audio.delta","delta":"AAA="})")["type"], "response.audio.delta");
  EXPECT_EQ(old(R"({"type":"response.output_audio_transcript.done"})")["type"], "response.audio_transcript.done");
  EXPECT_EQ(old(R"({"type":"response.output_text.delta"})")["type"], "response.text.delta");
  EXPECT_EQ(
      old(R"({"type":"conversation.item.added","item":{"role":"assistant","content":[{"type":"output_text","text":"t"}]}})"),
      Json::parse(
          R"({"type":"conversation.item.created","item":{"role":"assistant","content":[{"type":"text","text":"t"}]}})"));
  EXPECT_FALSE(beta::from_ga(R"({"type":"conversation.item.done"})"));
  EXPECT_EQ(old(R"({"type":"response.output_item.added"})")["type"], "response.output_item.added");
}

TEST(BetaShape, a_session_comes_back_as_it_was_set) {
  int ids = 0;
  RealtimeSession session({{"", "default", 1, "w"}, {}, {{"v", "zh"}}, [&](std::string_view prefix) {
                             return std::string(prefix) + std::to_string(++ids);
                           }});
  auto const took = session.take(beta::to_ga(R"({"type":"session.update","session":{"modalities":["text","audio"],"voice":"v",
    "input_audio_format":"g711_alaw","turn_detection":{"type":"server_vad","threshold":0.5}}})"));
  ASSERT_EQ(took.out.size(), 1U);
  auto const told = old(took.out.front().text)["session"];
  EXPECT_EQ(told["modalities"], Json::parse(R"(["text","audio"])")) << told;
  EXPECT_EQ(told["voice"], "v");
  EXPECT_EQ(told["input_audio_format"], "g711_alaw");
  EXPECT_EQ(told["output_audio_format"], "pcm16");
  EXPECT_EQ(told["turn_detection"]["type"], "server_vad");
  EXPECT_FALSE(told.contains("audio"));
  EXPECT_FALSE(told.contains("output_modalities"));
}

TEST(BetaShape, what_is_no_message_passes_and_is_refused_behind_it) {
  for (std::string const bytes :
       {"", "{", "[]", "null", R"({"type":7})", R"({"type":"session.update","session":3})",
        R"({"type":"session.update","session":{"audio":"x","voice":1,"modalities":"audio"}})",
        R"({"type":"response.create","response":{"audio":[],"voice":{},"input":[1]}})",
        R"({"type":"conversation.item.create","item":{"role":"assistant","content":[{"type":1},2]}})"}) {
    EXPECT_NO_THROW((void)beta::to_ga(bytes)) << bytes;
    EXPECT_NO_THROW((void)beta::from_ga(bytes)) << bytes;
  }
}

TEST(BetaShape, is_asked_for_in_two_ways) {
  EXPECT_TRUE(beta::asked_for("realtime=v1", ""));
  EXPECT_TRUE(beta::asked_for("", "realtime, openai-insecure-api-key.k, openai-beta.realtime-v1"));
  EXPECT_FALSE(beta::asked_for("assistants=v2", "realtime"));
}

}  // namespace
}  // namespace parley::server
