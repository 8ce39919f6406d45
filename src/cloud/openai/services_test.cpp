// OpenAI-compatible speech, transcription and embeddings against the simulator's routes, over real sockets.
#include <nlohmann/json.hpp>

#include "audio/file.hpp"
#include "audio/pcm16.hpp"
#include "cloud/openai/embedder.hpp"
#include "cloud/openai/speech.hpp"
#include "cloud/openai/transcription.hpp"
#include "cloud/volcengine/simulator/services_fixture.hpp"

namespace parley::cloud::openai {
namespace {

using namespace std::chrono_literals;
using core::Code;
using volcengine::Fault;
using volcengine::Product;
using Kind = Fault::Kind;

class OpenAiServicesTest : public volcengine::ServicesTest {
 protected:
  template <class Client>
  typename Client::Options options(std::string const& key, std::string const& path = "/api/v3") const {
    typename Client::Options wanted;
    wanted.service = "far";
    wanted.address = at(path);
    wanted.key = Secret(key);
    wanted.model = "m-1";
    wanted.patience.first_byte = 2s;
    wanted.patience.between = 1s;
    return wanted;
  }
  Speech speech(std::string const& key = "marked-key") const { return {*network_, options<Speech>(key)}; }
  Transcription transcription(std::string const& key = "marked-key") const { return {*network_, options<Transcription>(key)}; }
  core::Result<std::vector<language::Vector>> embedded(std::vector<std::string> texts, std::string const& path = "/api/v3",
                                                       int dimensions = 64, std::string const& key = "marked-key") const {
    auto wanted = options<Embedder>(key, path);
    wanted.dimensions = dimensions;
    Embedder embedder(*network_, std::move(wanted));
    return language::embed_now(embedder, std::move(texts), language::Purpose::query, core::Urgency::background);
  }
};

TEST_F(OpenAiServicesTest, SpeechComesInPiecesThatMayCutASample) {
  start();
  auto const voice = speech();
  auto const ledger = std::make_shared<core::Ledger>();
  for (int i = 0; i < 3; ++i) {
    auto const heard = spoken(voice, "你好，我是豆包。", ledger);
    EXPECT_FALSE(heard.error) << core::describe(*heard.error);
    EXPECT_EQ(heard.samples, 8U * 1440);
  }
  auto const uses = ledger->take();
  ASSERT_EQ(uses.size(), 3U);
  EXPECT_EQ(uses[0].product, "m-1");
  EXPECT_EQ(uses[0].characters, 8);
}

TEST_F(OpenAiServicesTest, ATranscriptIsOneRecordingOfAllThatWasHeard) {
  start();
  auto const ears = transcription();
  EXPECT_EQ(transcript(ears)->text, "北京今天天气怎么样");
  EXPECT_EQ(transcript(ears)->revision, 7U);
  EXPECT_EQ(transcript(ears)->text, "what time is it");
}

TEST_F(OpenAiServicesTest, EmbeddingsComeInTheOrderOfTheirTexts) {
  start();
  std::vector<std::string> texts;
  for (int i = 0; i < 23; ++i) texts.push_back("文字" + std::to_string(i * 37));  // more than one request takes
  auto const list = embedded(texts);
  ASSERT_TRUE(list) << core::describe(list.error());
  auto const one_by_one = embedded(texts, "/api/v3/embeddings/multimodal");
  ASSERT_TRUE(one_by_one) << core::describe(one_by_one.error());
  EXPECT_EQ(*list, *one_by_one);
  EXPECT_NE(list->front(), list->back());
  double squares = 0;
  for (auto const value : list->front()) squares += static_cast<double>(value) * value;
  EXPECT_NEAR(squares, 1, 1e-5);
  EXPECT_EQ(embedded({})->size(), 0U);
  EXPECT_THAT(embedded({"a"}, "/api/v3", 3).error().message, testing::HasSubstr("dimensions"));
}

TEST(Embeddings, OnlyWholeAnswersAreTaken) {
  EXPECT_TRUE(read_embeddings(R"({"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,0]}]})", 2, 2));
  EXPECT_EQ((*read_embeddings(R"({"data":{"embedding":[0,2]}})", 1, 2))[0], (language::Vector{0, 1}));
  for (auto const* bad : {"", "[]", R"({"data":7})", R"({"data":[]})", R"({"data":[{"index":0,"embedding":[1]}]})",
                          R"({"data":[{"index":0,"embedding":[0,0]}]})", R"({"data":[{"index":0,"embedding":["1",2]}]})",
                          R"({"data":[{"index":9,"embedding":[1,2]}]})", R"({"data":[{"index":-1,"embedding":"AAAA"}]})"}) {
    EXPECT_FALSE(read_embeddings(bad, 1, 2)) << bad;
  }
}

TEST(Transcription, WritesAFormAndAFileThatOthersRead) {
  audio::Samples sound(16000, 0.25F);
  auto const wav = wav_of(audio::to_pcm16(sound));
  auto const read = audio::parse_recording(wav, "w", 16000);
  ASSERT_TRUE(read) << core::describe(read.error());
  EXPECT_EQ(read->samples.size(), sound.size());
  EXPECT_NEAR(read->samples[100], 0.25F, 1e-3);
  EXPECT_EQ(multipart({"m", "zh", ""}, "W", "b"),
            "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n"
            "--b\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\nzh\r\n"
            "--b\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\njson\r\n"
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sound.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
            "W\r\n--b--\r\n");
}

TEST_F(OpenAiServicesTest, AWrongKeyIsNamedAsSuchAndNeverRepeated) {
  start();
  auto const heard = transcript(transcription("another-key"));
  auto const said = spoken(speech("another-key"));
  auto const vectors = embedded({"a"}, "/api/v3", 64, "another-key");
  ASSERT_FALSE(heard);
  ASSERT_TRUE(said.error);
  ASSERT_FALSE(vectors);
  for (auto const& error : {heard.error(), *said.error, vectors.error()}) {
    EXPECT_EQ(error.code, Code::permission) << core::describe(error);
    EXPECT_THAT(core::describe(error), testing::Not(testing::HasSubstr("another-key")));
    EXPECT_THAT(core::describe(error), testing::HasSubstr("log id simulated-refusal"));
  }
}

TEST_F(OpenAiServicesTest, WhatBreaksEndsInASentenceInTime) {
  for (auto const kind : {Kind::refuse, Kind::reset, Kind::reset_midway, Kind::stall}) {
    start([kind](Product, std::uint64_t) { return Fault{kind, 503}; });
    EXPECT_TRUE(spoken(speech()).error) << static_cast<int>(kind);
    EXPECT_FALSE(transcript(transcription())) << static_cast<int>(kind);
    network_.reset();
  }
  for (auto const kind : {Kind::error_frame, Kind::half_frame}) {
    start([kind](Product, std::uint64_t) { return Fault{kind, 503}; });
    EXPECT_FALSE(transcript(transcription())) << static_cast<int>(kind);
    network_.reset();
  }
}

}  // namespace
}  // namespace parley::cloud::openai
