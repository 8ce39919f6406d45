#include "cloud/volcengine/dialogue/codec.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cloud/volcengine/event.hpp"

namespace parley::cloud::volcengine::dialogue {
namespace {

using nlohmann::json;

std::string hex(std::string const& bytes) {
  constexpr char const* digits = "0123456789abcdef";
  std::string out;
  for (char const c : bytes) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4U]);
    out.push_back(digits[static_cast<unsigned char>(c) & 0xFU]);
  }
  return out;
}

News news(std::int32_t event, std::string payload) {
  Frame frame;
  frame.type = MessageType::full_response;
  frame.event = event;
  frame.id = "s";
  frame.payload = std::move(payload);
  auto const read_out = read(frame);
  EXPECT_TRUE(read_out) << frame.payload;
  return read_out.value_or(News{});
}

TEST(DialogueCodec, SaysWhatTheReferenceSaysByteForByte) {
  EXPECT_EQ(hex(encode(say_hello("sess-1", "嗨"))),
            "111410000000012c00000006736573732d31000000117b22636f6e74656e74223a22e597a8227d");
  EXPECT_EQ(hex(encode(sound("sess-1", std::string(2, '\0')))), "11240000000000c800000006736573732d31000000020000");
  EXPECT_EQ(hex(encode(end_asr("sess-1"))), "111410000000019000000006736573732d31000000027b7d");
}

TEST(DialogueCodec, ASetupHasNoNullsAndTheClientEndsTheTurns) {
  dialogue::Setup setup;
  setup.model = "1.2.1.1";
  setup.speaker = "zh_female_vv_jupiter_bigtts";
  setup.instructions = "你是小禾。";
  setup.style = "温和";
  setup.hot_words = {"豆包"};
  setup.before = {{"你好", "你好，我是小禾。"}};
  auto const body = json::parse(start_session("s", setup).payload);
  EXPECT_EQ(body["dialog"]["extra"]["input_mod"], "push_to_talk");
  EXPECT_EQ(body["dialog"]["extra"]["model"], "1.2.1.1");
  EXPECT_EQ(body["dialog"]["system_role"], "你是小禾。");
  EXPECT_EQ(body["dialog"]["speaking_style"], "温和");
  ASSERT_EQ(body["dialog"]["dialog_context"].size(), 2U);
  EXPECT_EQ(body["dialog"]["dialog_context"][1]["role"], "assistant");
  EXPECT_TRUE(body["asr"]["extra"].is_object());
  EXPECT_TRUE(body["tts"]["extra"].is_object());
  EXPECT_EQ(body["asr"]["extra"]["context"]["hotwords"][0]["word"], "豆包");
  EXPECT_EQ(body["tts"]["audio_config"]["format"], "pcm_s16le");
  EXPECT_EQ(body["tts"]["audio_config"]["sample_rate"], 24000);
  EXPECT_FALSE(json::parse(update_config("s", setup).payload)["dialog"].contains("dialog_context"));
  setup.instructions.assign(5000, 'x');
  EXPECT_EQ(json::parse(start_session("s", setup).payload)["dialog"]["system_role"].get<std::string>().size(), 3998U);
  setup.instructions = "你是小禾。";
  setup.model = "SC";
  EXPECT_EQ(json::parse(start_session("s", setup).payload)["dialog"]["character_manifest"], "你是小禾。");
}

TEST(DialogueCodec, ReadsWhatTheServiceSays) {
  EXPECT_EQ(news(event::asr_info, R"({"question_id":"q1"})").question, "q1");
  auto const interim = news(event::asr_response, R"({"results":[{"text":"你","is_interim":true}]})");
  EXPECT_EQ(interim.text, "你");
  EXPECT_TRUE(interim.interim);
  EXPECT_FALSE(news(event::asr_response, R"({"results":[{"text":"你好","is_interim":false}]})").interim);
  EXPECT_EQ(news(event::asr_response, R"({"results":7})").text, "");
  auto const sentence =
      news(event::tts_sentence_start, R"({"tts_type":"chat_tts_text","text":"好","question_id":"q","reply_id":"r"})");
  EXPECT_TRUE(sentence.own);
  EXPECT_EQ(sentence.reply, "r");
  EXPECT_EQ(news(event::chat_response, R"({"content":"好","question_id":"q","reply_id":"r"})").text, "好");
  EXPECT_EQ(news(event::asr_ended, "").event, event::asr_ended);
  auto const used =
      news(event::usage_response,
           R"({"usage":{"input_text_tokens":3,"input_audio_tokens":40,"output_text_tokens":5,"output_audio_tokens":60}})");
  EXPECT_EQ(used.prompt_tokens, 43);
  EXPECT_EQ(used.completion_tokens, 65);
  EXPECT_EQ(news(event::dialog_common_error, R"({"status_code":"52000042","message":"m"})").said.code, 52000042U);
  EXPECT_EQ(news(event::session_failed, R"({"error":"InvalidSpeaker"})").said.message, "InvalidSpeaker");
  Frame frame;
  EXPECT_FALSE(read(frame));
  frame.event = event::chat_response;
  frame.payload = "no JSON";
  EXPECT_FALSE(read(frame));
}

}  // namespace
}  // namespace parley::cloud::volcengine::dialogue
