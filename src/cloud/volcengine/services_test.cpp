// The clients against the simulator, over real sockets.
#include "cloud/volcengine/simulator/services_fixture.hpp"

namespace parley::cloud::volcengine {
namespace {

using core::Code;
using Kind = Fault::Kind;

TEST_F(ServicesTest, WhatIsSaidIsRecognised) {
  start();
  for (auto const* path : {"/api/v3/sauc/bigmodel_async", "/api/v3/sauc/bigmodel", "/api/v3/sauc/bigmodel_nostream"}) {
    auto const said = transcript(*recogniser("marked-key", path));
    ASSERT_TRUE(said) << said.error().message;
    EXPECT_EQ(said->revision, 7U);
    EXPECT_FALSE(said->text.empty());
  }
}

TEST_F(ServicesTest, WordsAreToldWhileTheyAreSpoken) {
  SimulatorOptions options;
  options.interim_every = 200ms;
  start(std::move(options));
  auto const ears = recogniser();
  Collected<core::Result<speech::Transcript>> said;
  auto const stream = ears->open({}, said.sink());
  stream->push(audio::Samples(16000, 0.3F));
  auto const sofar = said.wait([](auto const& v) { return v.size() == 5; });
  EXPECT_EQ(sofar.front()->text, "北");
  EXPECT_EQ(sofar.back()->text, "北京今天天气");
  EXPECT_EQ(sofar.back()->revision, 0U);
  EXPECT_EQ(sofar.back()->language, "zh");
  stream->transcribe(1, core::Urgency::final_transcript);
  EXPECT_EQ(said.wait([](auto const& v) { return v.size() == 6; }).back()->text, "北京今天天气怎么样");

  speech::RecogniserOptions recording;  // of which only all the words are wanted
  recording.recording = true;
  Collected<core::Result<speech::Transcript>> read;
  auto const whole = ears->open(recording, read.sink());
  whole->push(audio::Samples(16000, 0.3F));
  whole->transcribe(1, core::Urgency::final_transcript);
  EXPECT_EQ(read.wait([](auto const& v) { return !v.empty(); }).front()->revision, 1U);
}

TEST_F(ServicesTest, WhoeverTalksOnIsHeardInBothParts) {
  start();
  auto const ears = recogniser();
  Collected<core::Result<speech::Transcript>> said;
  auto const stream = ears->open({}, said.sink());
  audio::Samples const sound(16000, 0.3F), quiet(8000, 0.0F);
  stream->push(sound);
  stream->transcribe(1, core::Urgency::final_transcript);
  said.wait([](auto const& v) { return v.size() == 1; });
  stream->push(quiet);
  stream->push(sound);
  stream->transcribe(2, core::Urgency::final_transcript);
  auto const both = said.wait([](auto const& v) { return v.size() == 2; });
  EXPECT_EQ(both[0]->text, "北京今天天气怎么样");
  EXPECT_EQ(both[1]->text, "北京今天天气怎么样谢谢你");
  EXPECT_EQ(both[1]->language, "zh");
  stream->transcribe(3, core::Urgency::final_transcript);  // nothing new: the same words again, without another stream
  EXPECT_EQ(said.wait([](auto const& v) { return v.size() == 3; })[2]->text, both[1]->text);
  EXPECT_EQ(simulator_->counts().recognitions, 2U);
}

TEST_F(ServicesTest, ClausesFollowEachOtherOnOneConnection) {
  start();
  auto const voice = synthesiser();
  for (int i = 0; i < 5; ++i) {
    auto const heard = spoken(*voice);
    EXPECT_FALSE(heard.error);
    EXPECT_EQ(heard.samples, 8U * 1440);  // 60 ms a character, every half sample put together again
  }
  EXPECT_EQ(voice->counts().opened, 1U);
  EXPECT_EQ(voice->counts().sessions, 5U);
  EXPECT_EQ(spoken(*voice, "……！").samples, 0U);  // nothing to say is no request
  EXPECT_EQ(voice->counts().sessions, 5U);
}

TEST_F(ServicesTest, ACancelledClauseFallsSilentAndItsConnectionGoesOn) {
  SimulatorOptions options;
  options.first_sound = 100ms;
  start(std::move(options));
  auto const voice = synthesiser("marked-key", 1);
  Collected<core::Result<speech::SpokenBlock>> heard;
  {
    auto const job = voice->speak({"这一句没有人会听到。", "zh", "doubao:v", 1.0F, {}}, heard.sink());
    std::this_thread::sleep_for(30ms);
  }
  EXPECT_EQ(spoken(*voice).samples, 8U * 1440);
  EXPECT_EQ(heard.wait([](auto const&) { return true; }).size(), 0U);
  EXPECT_EQ(voice->counts().opened, 1U);
}

TEST_F(ServicesTest, TheModelAnswersOnKeptConnections) {
  start();
  auto const ark = model();
  for (int i = 0; i < 5; ++i) {
    auto const answer = written(*ark);
    EXPECT_EQ(answer.text, "您刚才说的是：北京在哪里。我记下了，还有什么可以帮您？");
    ASSERT_TRUE(answer.finish);
    EXPECT_EQ(answer.finish->usage.prompt_tokens, 40);
  }
  EXPECT_EQ(ark->connections().opened, 1U);
  EXPECT_EQ(ark->connections().reused, 4U);
}

TEST_F(ServicesTest, AnAnswerGivenUpEndsAtOnce) {
  SimulatorOptions options;
  options.first_token = 5s;
  start(std::move(options));
  auto const ark = model();
  Collected<language::Piece> pieces;
  {
    language::GenerateRequest request;
    request.messages = {{language::Speaker::user, "你好"}};
    auto const job = ark->generate(std::move(request), pieces.sink());
    std::this_thread::sleep_for(50ms);
  }
  auto const end = pieces.wait([](auto const& p) { return !p.empty(); }, 2s);
  EXPECT_EQ(std::get<core::Error>(end.back()).code, Code::cancelled);
}

TEST_F(ServicesTest, AWrongKeyIsNamedAsSuchAndNeverRepeated) {
  start();
  auto const heard = transcript(*recogniser("another-key"));
  auto const said = spoken(*synthesiser("another-key"));
  auto const wrote = written(*model("another-key"));
  ASSERT_FALSE(heard);
  ASSERT_TRUE(said.error);
  ASSERT_TRUE(wrote.error);
  for (auto const& error : {heard.error(), *said.error, *wrote.error}) {
    EXPECT_EQ(error.code, Code::permission) << core::describe(error);
    EXPECT_THAT(core::describe(error), testing::Not(testing::HasSubstr("another-key")));
    EXPECT_THAT(core::describe(error), testing::HasSubstr("key"));
  }
}

TEST_F(ServicesTest, WhatBreaksOnceIsDoneAgain) {
  for (auto const kind : {Kind::reset, Kind::half_frame, Kind::wrong_compression, Kind::error_frame}) {
    start([kind](Product product, std::uint64_t number) {
      bool const once = product != Product::chat && number == 0;
      return once ? Fault{kind, 55000001} : Fault{};
    });
    EXPECT_TRUE(transcript(*recogniser())) << static_cast<int>(kind);
    auto const heard = spoken(*synthesiser());
    EXPECT_FALSE(heard.error) << static_cast<int>(kind);
    EXPECT_EQ(heard.samples, 8U * 1440);
    network_.reset();
  }
}

TEST_F(ServicesTest, WhatBreaksAlwaysEndsInASentenceInTime) {
  for (auto const kind : {Kind::refuse, Kind::reset, Kind::reset_midway, Kind::stall, Kind::half_frame, Kind::error_frame}) {
    start([kind](Product product, std::uint64_t) { return Fault{kind, product == Product::chat ? 500U : 55000001U}; });
    auto const began = std::chrono::steady_clock::now();
    auto const heard = transcript(*recogniser());
    EXPECT_TRUE(kind == Kind::reset_midway || !heard) << static_cast<int>(kind);
    EXPECT_TRUE(kind == Kind::refuse || spoken(*synthesiser()).error) << static_cast<int>(kind);
    EXPECT_TRUE(written(*model()).error) << static_cast<int>(kind);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 9s) << static_cast<int>(kind);
    network_.reset();
  }
}

TEST_F(ServicesTest, NobodyThereIsSaidAtOnce) {
  start();
  auto const ears = recogniser();
  auto const voice = synthesiser();
  auto const ark = model();
  simulator_.reset();
  EXPECT_EQ(transcript(*ears).error().code, Code::unavailable);
  EXPECT_EQ(spoken(*voice).error->code, Code::unavailable);
  EXPECT_EQ(written(*ark).error->code, Code::unavailable);
}

}  // namespace
}  // namespace parley::cloud::volcengine
