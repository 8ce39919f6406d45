// What the other ways of speaking Volcengine's synthesis do differently, as values and against the simulator.
#include <openssl/evp.h>

#include <nlohmann/json.hpp>
#include <random>

#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/http_speaking.hpp"
#include "cloud/volcengine/simulator/services_fixture.hpp"

namespace parley::cloud::volcengine {
namespace {

using core::Code;
using nlohmann::json;
using Kind = Fault::Kind;

constexpr std::array paths{"/api/v3/tts/unidirectional/stream", "/api/v3/tts/unidirectional", "/api/v3/tts/unidirectional/sse",
                           "/api/v1/tts/ws_binary"};

TEST(Dialect, IsToldFromTheAddress) {
  EXPECT_EQ(dialect_of("/api/v3/tts/bidirection"), Dialect::bidirection);
  EXPECT_EQ(dialect_of("/api/v3/plan/tts/unidirectional/stream"), Dialect::unidirection);
  EXPECT_EQ(dialect_of("/api/v3/tts/unidirectional?x=1"), Dialect::unidirectional_http);
  EXPECT_EQ(dialect_of("/api/v3/tts/unidirectional/sse"), Dialect::unidirectional_http);
  EXPECT_EQ(dialect_of("/api/v1/tts/ws_binary"), Dialect::v1);
}

TEST(Dialect, OneFrameAsksForEverythingWhereThereAreNoSessions) {
  SynthesisRequest request;
  request.voice.speaker = "BV001_streaming";
  request.speed = 1.5F;
  request.app_id = "app";
  request.cluster = "volcano_tts";
  auto const whole = opening(Dialect::unidirection, "n", request, "你好");
  EXPECT_EQ(encode(whole).substr(0, 4), std::string("\x11\x10\x10\x00", 4));
  EXPECT_FALSE(whole.event);
  auto const body = json::parse(whole.payload);
  EXPECT_EQ(body["req_params"]["text"], "你好");
  EXPECT_EQ(body["req_params"]["audio_params"]["format"], "pcm");
  EXPECT_FALSE(body.contains("event"));
  auto const first = json::parse(opening(Dialect::v1, "n", request, "你好").payload);
  EXPECT_EQ(first["app"]["cluster"], "volcano_tts");
  EXPECT_EQ(first["audio"]["voice_type"], "BV001_streaming");
  EXPECT_EQ(first["audio"]["speed_ratio"], 1.5);
  EXPECT_EQ(first["request"]["operation"], "submit");
  EXPECT_EQ(first["request"]["reqid"], "n");
}

TEST(Dialect, TheFirstVersionCountsItsFrames) {
  auto const read = [](std::string_view bytes) { return understand(Dialect::v1, *decode(bytes), ""); };
  auto const acknowledged = read(std::string_view("\x11\xb0\x00\x00", 4));
  EXPECT_TRUE(acknowledged.sound.empty());
  EXPECT_FALSE(acknowledged.over);
  // The documents' own frames.
  auto const chunk =
      read(std::string_view("\x11\xb1\x00\x00\x00\x00\x00\x01\x00\x00\x00\x03"
                            "abc",
                            15));
  EXPECT_EQ(chunk.sound, "abc");
  EXPECT_FALSE(chunk.over);
  auto const last =
      read(std::string_view("\x11\xb3\x00\x00\xff\xff\xff\xfe\x00\x00\x00\x03"
                            "abc",
                            15));
  EXPECT_EQ(last.sound, "abc");
  ASSERT_TRUE(last.over);
  EXPECT_EQ(last.over->code, 0U);
}

TEST(Dialect, FramesOfAnotherSessionMeanNothing) {
  Frame frame;
  frame.type = MessageType::audio_response;
  frame.event = event::tts_response;
  frame.id = "other";
  frame.payload = "ab";
  EXPECT_TRUE(understand(Dialect::bidirection, frame, "mine").sound.empty());
  EXPECT_EQ(understand(Dialect::bidirection, frame, "other").sound, "ab");
  EXPECT_EQ(understand(Dialect::unidirection, frame, "mine").sound, "ab");  // its numbers are its own
}

TEST(ObjectReader, FindsTheObjectsHoweverTheyAreCut) {
  std::string const whole =
      "event: 352\ndata: {\"code\":0,\"data\":\"AAA=\"}\n\n{\"a\":\"}{\\\"\\\\\"}{\"b\":{\"c\":{}}}\r\n {\"code\":20000000}";
  std::vector<std::string> const expected{R"({"code":0,"data":"AAA="})", R"({"a":"}{\"\\"})", R"({"b":{"c":{}}})",
                                          R"({"code":20000000})"};
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    ObjectReader reader;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < whole.size();) {
      auto const size = std::min<std::size_t>(1 + random() % (round == 0 ? 1 : 30), whole.size() - at);
      auto const objects = reader.push(std::string_view(whole).substr(at, size));
      ASSERT_TRUE(objects);
      found.insert(found.end(), objects->begin(), objects->end());
      at += size;
    }
    EXPECT_EQ(found, expected);
  }
  ObjectReader endless;
  EXPECT_EQ(endless.push("{\"" + std::string(ObjectReader::most_bytes, 'x')).error().code, Code::too_large);
}

TEST(ObjectReader, WhatAnObjectMeans) {
  EXPECT_EQ(understand_object(R"({"code":0,"message":"","data":"YWJj"})").sound, "abc");
  EXPECT_FALSE(understand_object(R"({"code":0,"data":null,"sentence":{"text":"你好"}})").over);
  EXPECT_EQ(understand_object(R"({"code":20000000,"message":"OK","data":null})").over->code, 20000000U);
  EXPECT_EQ(understand_object(R"({"code":45000001,"message":"empty text"})").over->message, "empty text");
  EXPECT_TRUE(understand_object(R"({"code":0,"data":"*?"})").sound.empty());
  EXPECT_TRUE(understand_object(R"({"code" 0})").refused);
}

class DialectsTest : public ServicesTest {};

TEST_F(DialectsTest, EveryOneOfThemSpeaks) {
  start();
  for (auto const* path : paths) {
    auto const voice = synthesiser("marked-key", 10, path);
    auto const ledger = std::make_shared<core::Ledger>();
    for (int i = 0; i < 3; ++i) {
      auto const heard = spoken(*voice, "你好，我是豆包。", ledger);
      EXPECT_FALSE(heard.error) << path << ": " << core::describe(*heard.error);
      EXPECT_EQ(heard.samples, 8U * 1440) << path;
    }
    bool const one_each = std::string_view(path).starts_with("/api/v1/");
    EXPECT_GE(voice->counts().opened, one_each ? 3U : 1U) << path;
    EXPECT_LE(voice->counts().opened, one_each ? 4U : 1U) << path;
    auto const uses = ledger->take();
    ASSERT_EQ(uses.size(), 3U) << path;
    for (auto const& use : uses) {
      EXPECT_EQ(use.service, "doubao");
      EXPECT_EQ(use.product, one_each ? "volcano_tts" : "seed-tts-2.0");
      EXPECT_EQ(use.characters, 8);
      EXPECT_THAT(use.log_id, testing::StartsWith("simulated-")) << path;
      EXPECT_TRUE(use.failure.empty());
    }
  }
}

TEST_F(DialectsTest, AWrongKeyIsNamedAsSuch) {
  start();
  for (auto const* path : paths) {
    auto const said = spoken(*synthesiser("another-key", 10, path));
    ASSERT_TRUE(said.error) << path;
    EXPECT_EQ(said.error->code, Code::permission) << path << core::describe(*said.error);
    EXPECT_THAT(core::describe(*said.error), testing::Not(testing::HasSubstr("another-key")));
  }
}

TEST_F(DialectsTest, WhatBreaksOnceIsDoneAgain) {
  for (auto const* path : paths) {
    for (auto const kind : {Kind::reset, Kind::half_frame, Kind::wrong_compression, Kind::error_frame}) {
      start([kind](Product, std::uint64_t number) { return number == 0 ? Fault{kind, 55000001} : Fault{}; });
      auto const heard = spoken(*synthesiser("marked-key", 10, path));
      EXPECT_FALSE(heard.error) << path << static_cast<int>(kind) << core::describe(*heard.error);
      EXPECT_EQ(heard.samples, 8U * 1440) << path << static_cast<int>(kind);
      network_.reset();
    }
  }
}

TEST_F(DialectsTest, WhatBreaksAlwaysEndsInASentenceInTime) {
  for (auto const* path : paths) {
    for (auto const kind : {Kind::session_failed, Kind::reset, Kind::reset_midway, Kind::stall, Kind::half_frame}) {
      start([kind](Product, std::uint64_t) { return Fault{kind, 55000001}; });
      auto const heard = spoken(*synthesiser("marked-key", 10, path));
      EXPECT_TRUE(heard.error) << path << static_cast<int>(kind);
      network_.reset();
    }
  }
}

TEST_F(DialectsTest, ACancelledClauseFallsSilent) {
  SimulatorOptions options;
  options.first_sound = 100ms;
  start(std::move(options));
  for (auto const* path : paths) {
    auto const voice = synthesiser("marked-key", 1, path);
    Collected<core::Result<speech::SpokenBlock>> heard;
    {
      auto const job = voice->speak({"这一句没有人会听到。", "zh", "doubao:v", 1.0F, {}}, heard.sink());
      std::this_thread::sleep_for(30ms);
    }
    EXPECT_EQ(spoken(*voice).samples, 8U * 1440) << path;
    EXPECT_EQ(heard.wait([](auto const&) { return true; }).size(), 0U) << path;
  }
}

TEST_F(DialectsTest, TheFirstVersionMixesNoVoices) {
  start();
  auto const voice = synthesiser("marked-key", 1, "/api/v1/tts/ws_binary");
  EXPECT_FALSE(voice->check("doubao:a*0.5+b*0.5"));
  EXPECT_TRUE(voice->check("doubao:BV001_streaming"));
}

}  // namespace
}  // namespace parley::cloud::volcengine
