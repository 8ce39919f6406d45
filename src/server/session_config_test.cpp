#include "server/session_config.hpp"

#include <gmock/gmock.h>

namespace parley::server {
namespace {

using conversation::Milliseconds;
using conversation::TurnTaking;

conversation::Settings role() {
  conversation::Settings settings;
  settings.instructions = "你是一位朋友。";
  settings.voices = {{"zh", "kokoro:zf_xiaoxiao"}, {"en", "piper:joe"}};
  settings.turns.longest_wait = Milliseconds(1700);
  return settings;
}

SessionConfig config() {
  return SessionConfig({"sess_1", "default", 1000, "whisper-base"}, role(),
                       {{"kokoro:zf_xiaoxiao", "zh"}, {"kokoro:zm_yunxi", "zh"}, {"piper:joe", "en"}});
}

Json update(char const* fields) {
  Json json = Json::parse(fields);
  json["type"] = "realtime";
  return json;
}

TEST(SessionConfig, ShowsTheRole) {
  auto const session = config().object();
  EXPECT_EQ(session["object"], "realtime.session");
  EXPECT_EQ(session["instructions"], "你是一位朋友。");
  EXPECT_EQ(session["audio"]["output"]["voice"], "kokoro:zf_xiaoxiao");
  EXPECT_EQ(session["audio"]["input"]["turn_detection"]["interrupt_response"], true);
  EXPECT_EQ(session["audio"]["input"]["transcription"]["model"], "whisper-base");
  EXPECT_EQ(session["audio"]["input"]["format"], Json::parse(R"({"type":"audio/pcm","rate":24000})"));
}

TEST(SessionConfig, AbsentStaysNullTurnsOffArraysAreReplaced) {
  auto session = config();
  ASSERT_TRUE(session.merge(update(R"({"tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}]})")));
  ASSERT_TRUE(
      session.merge(update(R"({"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":300}}}})")));
  EXPECT_EQ(session.object()["tools"].size(), 2U);
  EXPECT_EQ(session.settings().instructions, "你是一位朋友。");
  EXPECT_EQ(session.settings().turns.kind, TurnTaking::Kind::silence);
  EXPECT_EQ(session.settings().turns.silence, Milliseconds(300));
  EXPECT_EQ(session.object()["audio"]["input"]["turn_detection"]["threshold"], 0.5);

  ASSERT_TRUE(session.merge(update(R"({"tools":[],"audio":{"input":{"turn_detection":{"interrupt_response":false}}}})")));
  EXPECT_TRUE(session.object()["tools"].empty());
  EXPECT_EQ(session.settings().turns.silence, Milliseconds(300)) << "a field of the same kind of detection stays";
  EXPECT_FALSE(session.settings().turns.interrupt_reply);

  ASSERT_TRUE(session.merge(update(R"({"audio":{"input":{"turn_detection":null,"transcription":null}}})")));
  EXPECT_EQ(session.settings().turns.kind, TurnTaking::Kind::manual);
  EXPECT_FALSE(session.settings().transcribe);
  EXPECT_TRUE(session.object()["audio"]["input"]["turn_detection"].is_null());
}

TEST(SessionConfig, EmptyUpdateChangesNothing) {
  auto session = config();
  Json const before = session.object();
  ASSERT_TRUE(session.merge(update("{}")));
  EXPECT_EQ(session.object(), before);
  EXPECT_EQ(session.settings().turns.longest_wait, Milliseconds(1700));
}

TEST(SessionConfig, EagernessIsHowLongItWaits) {
  auto session = config();
  auto wait = [&](char const* eagerness) {
    Json json = update("{}");
    json["audio"]["input"]["turn_detection"] = {{"type", "semantic_vad"}, {"eagerness", eagerness}};
    EXPECT_TRUE(session.merge(json));
    return session.settings().turns.longest_wait.count();
  };
  EXPECT_EQ(wait("low"), 8000);
  EXPECT_EQ(wait("medium"), 4000);
  EXPECT_EQ(wait("high"), 2000);
  EXPECT_EQ(wait("auto"), 1700);
}

TEST(SessionConfig, Voices) {
  auto session = config();
  ASSERT_TRUE(session.merge(update(R"({"audio":{"output":{"voice":"alloy","speed":1.25}}})")));
  EXPECT_EQ(session.settings().voices, role().voices) << "OpenAI's names mean the role's own voice";
  EXPECT_EQ(session.object()["audio"]["output"]["voice"], "alloy");
  EXPECT_FLOAT_EQ(session.settings().speed, 1.25F);
  ASSERT_TRUE(session.merge(update(R"({"audio":{"output":{"voice":"kokoro:zm_yunxi"}}})")));
  EXPECT_EQ(session.settings().voices.at("zh"), "kokoro:zm_yunxi");
  EXPECT_EQ(session.settings().voices.at("en"), "piper:joe");
  auto const refused = session.merge(update(R"({"audio":{"output":{"voice":"nobody"}}})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param, "session.audio.output.voice");
  EXPECT_THAT(refused.error().message, testing::HasSubstr("kokoro:zm_yunxi"));
}

TEST(SessionConfig, TokensModalitiesAndHearing) {
  auto session = config();
  ASSERT_TRUE(session.merge(update(R"({"max_output_tokens":64,"output_modalities":["text"],"instructions":"",
    "audio":{"input":{"transcription":{"model":"gpt-4o-mini-transcribe","language":"zh","keywords":["帕利"]}}}})")));
  EXPECT_EQ(session.settings().sampling.max_tokens, 64);
  EXPECT_FALSE(session.settings().speak);
  EXPECT_EQ(session.settings().instructions, "");
  EXPECT_EQ(session.settings().hearing_language, "zh");
  EXPECT_EQ(session.settings().hearing_prompt, "帕利");
  ASSERT_TRUE(session.merge(update(R"({"max_output_tokens":"inf"})")));
  EXPECT_EQ(session.settings().sampling.max_tokens, 4096);
  EXPECT_EQ(session.object()["max_output_tokens"], "inf");
}

struct Bad {
  char const *fields, *code, *param;
};

TEST(SessionConfig, AnythingWrongChangesNothing) {
  for (auto const& [fields, code, param] : std::vector<Bad>{
           {R"({"instructions":"neu","nonsense":1})", "unknown_parameter", "session.nonsense"},
           {R"({"instructions":"neu","turn_detection":null})", "unknown_parameter", "session.turn_detection"},
           {R"({"instructions":5})", "invalid_type", "session.instructions"},
           {R"({"instructions":"neu","output_modalities":["audio","text"]})", "invalid_value", "session.output_modalities"},
           {R"({"instructions":"neu","max_output_tokens":9999})", "invalid_value", "session.max_output_tokens"},
           {R"({"instructions":"neu","audio":{"output":{"speed":3}}})", "invalid_value", "session.audio.output.speed"},
           {R"({"instructions":"neu","audio":{"output":{"format":{"type":"audio/mpeg"}}}})", "invalid_value",
            "session.audio.output.format.type"},
           {R"({"instructions":"neu","audio":{"input":{"format":{"type":"audio/pcm","rate":16000}}}})", "invalid_value",
            "session.audio.input.format.rate"},
           {R"({"instructions":"neu","audio":{"input":{"turn_detection":{"type":"psychic"}}}})", "invalid_value",
            "session.audio.input.turn_detection.type"},
           {R"({"instructions":"neu","audio":{"input":{"turn_detection":{"type":"server_vad","threshold":2}}}})",
            "invalid_value", "session.audio.input.turn_detection.threshold"},
           {R"({"instructions":"neu","audio":{"input":{"turn_detection":{"type":"semantic_vad","idle_timeout_ms":6000}}}})",
            "unknown_parameter", "session.audio.input.turn_detection.idle_timeout_ms"},
           {R"({"instructions":"neu","tools":[1]})", "invalid_type", "session.tools[0]"},
           {R"({"instructions":"neu","tool_choice":"maybe"})", "invalid_value", "session.tool_choice"},
           {R"({"instructions":"neu","tools":[{"type":"mcp","server_label":"x"}]})", "unsupported_tool",
            "session.tools[0].type"},
           {R"({"instructions":"neu","tools":[{"type":"function"}]})", "missing_required_parameter", "session.tools[0].name"},
           {R"({"instructions":"neu","prompt":{"id":"p"}})", "unsupported_parameter", "session.prompt"},
       }) {
    auto session = config();
    Json const before = session.object();
    auto const merged = session.merge(update(fields));
    ASSERT_FALSE(merged) << fields;
    EXPECT_EQ(merged.error().code, code) << fields;
    EXPECT_EQ(merged.error().param, param) << fields;
    EXPECT_EQ(session.object(), before) << fields;
    EXPECT_EQ(session.settings().instructions, role().instructions) << fields;
  }
  auto session = config();
  EXPECT_EQ(session.merge(Json::object()).error().param, "session.type");
}

TEST(SessionConfig, IdleTimeoutBelongsToServerVad) {
  auto session = config();
  EXPECT_FALSE(session.client_asked_idle());
  ASSERT_TRUE(session.merge(update(R"({"audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":6000}}}})")));
  EXPECT_TRUE(session.client_asked_idle());
  EXPECT_EQ(session.settings().turns.idle, Milliseconds(6000));
  ASSERT_TRUE(session.merge(update(R"({"audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":null}}}})")));
  EXPECT_FALSE(session.settings().turns.idle);
}

TEST(SessionConfig, FarFieldMeansThatTheMicrophoneHearsThePlayer) {
  auto session = config();
  EXPECT_FALSE(session.settings().echo_guard);
  ASSERT_TRUE(session.merge(update(R"({"audio":{"input":{"noise_reduction":{"type":"far_field"}}}})")));
  EXPECT_TRUE(session.settings().echo_guard);
  ASSERT_TRUE(session.merge(update(R"({"audio":{"input":{"noise_reduction":{"type":"near_field"}}}})")));
  EXPECT_FALSE(session.settings().echo_guard);
  ASSERT_TRUE(session.merge(update(R"({"audio":{"input":{"noise_reduction":null}}})")));
  EXPECT_FALSE(session.settings().echo_guard);
}

TEST(SessionConfig, AMixOfKnownVoicesIsAVoice) {
  auto session = config();
  ASSERT_TRUE(session.merge(update(R"({"audio":{"output":{"voice":"kokoro:zm_yunxi*0.7+zf_xiaoxiao*0.3"}}})")));
  EXPECT_EQ(session.settings().voices.at("zh"), "kokoro:zm_yunxi*0.7+zf_xiaoxiao*0.3");
  EXPECT_EQ(session.settings().voices.at("en"), "piper:joe");
  for (auto const* bad : {"kokoro:zm_yunxi*0.7+nobody*0.3", "kokoro:zm_yunxi*x", "kokoro:zm_yunxi*", "kokoro:*1",
                          "kokoro:zm_yunxi*0.7+", "kokoro:zm_yunxi*nan", "kokoro:zm_yunxi*-1+zf_xiaoxiao*2"}) {
    Json json = update("{}");
    json["audio"]["output"]["voice"] = bad;
    EXPECT_FALSE(session.merge(json)) << bad;
  }
}

TEST(SessionConfig, ExtensionsAreOnlyShownToThoseWhoAsk) {
  auto session = config();
  EXPECT_FALSE(session.object().contains("parley"));
  EXPECT_FALSE(session.client_asked_timings());
  ASSERT_TRUE(session.merge(update(R"({"parley":{"timings":true}})")));
  EXPECT_TRUE(session.client_asked_timings());
  EXPECT_FALSE(session.merge(update(R"({"parley":{"timing":true}})"))) << "a slip is named";
}

}  // namespace
}  // namespace parley::server
