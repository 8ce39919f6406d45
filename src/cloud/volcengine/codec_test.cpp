#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cloud/half_samples.hpp"
#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/recognition_codec.hpp"
#include "cloud/volcengine/synthesis_codec.hpp"

namespace parley::cloud::volcengine {
namespace {

using nlohmann::json;

RecognitionReply read(std::string payload, bool last = false) {
  Frame frame;
  frame.type = MessageType::full_response;
  frame.last = last;
  frame.payload = std::move(payload);
  auto reply = read_recognition(frame);
  EXPECT_TRUE(reply);
  return reply.value_or(RecognitionReply{});
}

TEST(Recognition, ReadsWhatWasRecordedWithItsOmissions) {
  EXPECT_EQ(read(R"({"result":{"additions":{"log_id":"L"}}})").log_id, "L");
  auto const interim = read(
      R"({"audio_info":{"duration":600},"result":{"additions":{},"text":"你好","utterances":[{"additions":{"source":"stream"},)"
      R"("definite":false,"end_time":500,"text":"你好"}]}})");
  EXPECT_EQ(interim.text, "你好");
  ASSERT_EQ(interim.utterances.size(), 1U);
  EXPECT_EQ(interim.utterances[0].start_ms, 0);  // left out because it is zero
  EXPECT_FALSE(interim.utterances[0].definite);
  auto const silence = read(R"({"audio_info":{"duration":3000},"result":{"additions":{}}})", true);
  EXPECT_EQ(silence.text, "");
  EXPECT_EQ(silence.duration_ms, 3000);
  EXPECT_EQ(read(R"({"result":[{"text":"你"},{"text":"好"}]})").text, "你好");  // the documents' table calls it a list
  EXPECT_EQ(read(R"({"result":{"text":[],"utterances":[1,{"definite":"yes","start_time":-1}]},"audio_info":[]})").text, "");
  auto const huge = read(
      R"({"audio_info":{"duration":1e300},"result":{"utterances":[{"start_time":-1e300,"end_time":18446744073709551615}]}})");
  EXPECT_EQ(huge.duration_ms, 1'000'000'000) << "no integer holds what was sent";
  ASSERT_EQ(huge.utterances.size(), 1U);
  EXPECT_EQ(huge.utterances[0].start_ms, -1'000'000'000);
  EXPECT_EQ(huge.utterances[0].end_ms, 1'000'000'000);
  Frame frame;
  frame.payload = "no JSON";
  EXPECT_FALSE(read_recognition(frame));
}

TEST(Recognition, AsksWithJsonInsideAString) {
  auto const frame = recognition_request({"", true, {"豆包", "火山引擎"}, "table", false});
  auto const body = json::parse(frame.payload);
  EXPECT_EQ(body["request"]["model_name"], "bigmodel");
  EXPECT_EQ(body["request"]["enable_nonstream"], true);
  EXPECT_EQ(body["request"]["corpus"]["boosting_table_name"], "table");
  auto const context = json::parse(body["request"]["corpus"]["context"].get<std::string>());
  EXPECT_EQ(context["hotwords"][1]["word"], "火山引擎");
  EXPECT_EQ(body["audio"]["rate"], 16000);
  EXPECT_FALSE(json::parse(recognition_request({}).payload)["request"].contains("corpus"));
  EXPECT_THAT(hot_words_of("豆包、 火山引擎，Parley\n小禾"), testing::ElementsAre("豆包", "火山引擎", "Parley", "小禾"));
  EXPECT_THAT(hot_words_of(" ,, "), testing::IsEmpty());
}

TEST(Synthesis, VoicesMixesAndEmotions) {
  EXPECT_EQ(parse_voice("zh_female_vv_uranus_bigtts")->speaker, "zh_female_vv_uranus_bigtts");
  EXPECT_EQ(parse_voice("v@happy")->emotion, "happy");
  auto const mix = parse_voice("a*3+b*1@sad");
  ASSERT_TRUE(mix);
  EXPECT_EQ(mix->speaker, "custom_mix_bigtts");
  EXPECT_FLOAT_EQ(mix->mix[0].second, 0.75F);
  for (auto const* bad : {"", "@happy", "v@", "a*", "a*0+b*1", "a*x+b*1", "*1", "a+b", "a*1+b*1+c*1+d*1", "a*nan+b*1"}) {
    EXPECT_FALSE(parse_voice(bad)) << bad;
  }
}

TEST(Synthesis, SaysHowItIsToBeSpoken) {
  SynthesisRequest request;
  request.voice = *parse_voice("a*1+b*1@happy");
  request.speed = 1.25F;
  request.pitch = 2;
  request.style = "轻声地";
  auto const frame = start_session("s", request);
  EXPECT_EQ(frame.event, event::start_session);
  auto const params = json::parse(frame.payload)["req_params"];
  EXPECT_EQ(params["audio_params"]["speech_rate"], 25);
  EXPECT_EQ(params["audio_params"]["format"], "pcm");
  EXPECT_EQ(params["audio_params"]["emotion"], "happy");
  EXPECT_EQ(params["mix_speaker"]["speakers"][0]["mix_factor"], 0.5);
  auto const additions = json::parse(params["additions"].get<std::string>());
  EXPECT_EQ(additions["post_process"]["pitch"], 2);
  EXPECT_EQ(additions["context_texts"][0], "轻声地");
  request.speed = 4;
  EXPECT_EQ(json::parse(start_session("s", request).payload)["req_params"]["audio_params"]["speech_rate"], 100);
  // The documents' own frame, byte for byte but for the order of the keys, which JSON does not have.
  EXPECT_EQ(json::parse(task("sess-1", "你好").payload),
            json::parse(R"({"event":200,"namespace":"BidirectionalTTS","req_params":{"text":"你好"}})"));
}

TEST(Synthesis, HalfSamplesAreCarried) {
  HalfSamples halves;
  EXPECT_EQ(halves.whole("abc"), "ab");
  EXPECT_EQ(halves.whole("d"), "cd");
  EXPECT_EQ(halves.whole(""), "");
  EXPECT_EQ(halves.whole("efg"), "ef");
}

TEST(Account, NeverMixesTheTwoGenerationsOfKeys) {
  auto const has = [](net::Headers const& all, char const* name) {
    return std::ranges::any_of(all, [&](auto const& header) { return header.first == name; });
  };
  auto const fresh = headers({"", {}, Secret("k")}, "seed-tts-2.0");
  EXPECT_TRUE(has(fresh, "X-Api-Key"));
  EXPECT_FALSE(has(fresh, "X-Api-Access-Key"));
  auto const old = headers({"app", Secret("t"), {}}, "seed-tts-2.0");
  EXPECT_TRUE(has(old, "X-Api-App-Key"));
  EXPECT_FALSE(has(old, "X-Api-Key"));
  EXPECT_EQ(resource_of_voice("zh_female_vv_uranus_bigtts"), "seed-tts-2.0");
  EXPECT_EQ(resource_of_voice("zh_female_shuangkuaisisi_moon_bigtts"), "seed-tts-1.0");
  EXPECT_EQ(resource_of_voice("saturn_zh_female_cancan_tob"), "seed-tts-2.0");
  EXPECT_EQ(resource_of_voice("ICL_zh_female_tob"), "seed-tts-1.0");
  EXPECT_EQ(resource_of_voice("S_abc"), "seed-icl-2.0");
  EXPECT_EQ(uuid().size(), 36U);
  EXPECT_NE(uuid(), uuid());
}

}  // namespace
}  // namespace parley::cloud::volcengine
