#include "server/sound/transcription_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "audio/encoder.hpp"
#include "server/test_answer.hpp"

namespace parley::server {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string recording(double seconds) {
  auto encoder = audio::Encoder::open(audio::Encoding::flac, 16000).value();
  std::string bytes = encoder.push(audio::Samples(static_cast<std::size_t>(seconds * 16000), 0.1F));
  return bytes += encoder.finish();
}

/// Counts what it hears and answers when it is told to.
class HandRecogniser final : public speech::Recogniser {
 public:
  struct State {
    speech::RecogniserOptions options;
    Sink sink;
    std::size_t samples = 0;
    bool asked = false, closed = false;
  };
  struct Utterance final : speech::UtteranceRecogniser {
    explicit Utterance(std::shared_ptr<State> given) : state(std::move(given)) {}
    Utterance(Utterance const&) = delete;
    Utterance& operator=(Utterance const&) = delete;
    ~Utterance() override { state->closed = true; }
    void push(std::span<float const> samples) override { state->samples += samples.size(); }
    void transcribe(std::uint64_t, core::Urgency urgency) override {
      EXPECT_EQ(urgency, core::Urgency::text);
      state->asked = true;
    }
    std::shared_ptr<State> state;
  };
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override {
    auto state = std::make_shared<State>(State{std::move(options), std::move(sink)});
    states.push_back(state);
    return std::make_unique<Utterance>(state);
  }
  mutable std::vector<std::shared_ptr<State>> states;
};

speech::Transcript transcript(std::uint64_t revision, std::string text) {
  speech::Segment first{
      .text = "Ask not,", .begin = {0}, .end = {16000}, .words = {{"Ask", {0}, {8000}}, {"not", {8000}, {16000}}}};
  speech::Segment second{.text = "你好。", .begin = {24000}, .end = {59200000}};
  return {.revision = revision, .text = std::move(text), .language = "en", .segments = {first, second}};
}

class TranscriptionRoutes : public testing::Test {
 protected:
  TranscriptionRoutes() {
    TranscriptionHooks hooks;
    hooks.find_recogniser = [this](std::string const& name) -> core::Result<std::shared_ptr<speech::Recogniser const>> {
      if (name != "default") return core::fail(core::Code::not_found, "there is no " + name, "model");
      return recogniser_;
    };
    hooks.in_turns = [](std::function<bool()> const& step) {
      while (step()) {
      }
      return core::Job();
    };
    add_transcription_routes(routes_, std::move(hooks));
  }
  TestAsk ask(std::map<std::string, std::string> const& fields, std::string const& file = recording(1)) {
    std::string body;
    for (auto const& [name, value] : fields) {
      body += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }
    if (!file.empty()) {
      body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.flac\"\r\n\r\n" + file + "\r\n";
    }
    return {routes_, "/v1/audio/transcriptions", body + "--b--\r\n", "multipart/form-data; boundary=b"};
  }
  HandRecogniser::State& heard() { return *recogniser_->states.back(); }
  std::pair<int, std::string> refused(std::map<std::string, std::string> const& fields,
                                      std::string const& file = recording(1)) {
    auto const reply = ask(fields, file).answer->head;
    auto const param = json::parse(reply.body)["error"]["param"];
    return {reply.status, param.is_null() ? "" : param};
  }
  HttpRoutes routes_;
  std::shared_ptr<HandRecogniser> recogniser_ = std::make_shared<HandRecogniser>();
};

TEST_F(TranscriptionRoutes, all_of_a_recording_is_heard_and_written) {
  auto const asked = ask({{"language", "en"}, {"prompt", "Kennedy"}}, recording(25));
  EXPECT_EQ(heard().samples, 25U * 16000);
  EXPECT_TRUE(heard().asked);
  EXPECT_EQ(heard().options.language, "en");
  EXPECT_EQ(heard().options.prompt, "Kennedy");
  EXPECT_TRUE(heard().options.recording);
  EXPECT_FALSE(heard().options.times);
  heard().sink(transcript(0, "Ask not,"));
  EXPECT_FALSE(asked.answer->ended());
  heard().sink(transcript(1, "Ask not, 你好。"));
  EXPECT_EQ(json::parse(asked.answer->all()),
            json::parse(R"({"text":"Ask not, 你好。","usage":{"type":"duration","seconds":25}})"));
}

TEST_F(TranscriptionRoutes, the_shapes_of_the_field) {
  auto const said = [&](std::map<std::string, std::string> const& fields) {
    auto const asked = ask(fields);
    heard().sink(transcript(1, "Ask not, 你好。"));
    return asked.answer->head;
  };
  EXPECT_EQ(said({{"response_format", "text"}}).body, "Ask not, 你好。\n");
  EXPECT_THAT(said({{"response_format", "srt"}}).body,
              HasSubstr("1\n00:00:00,000 --> 00:00:01,000\nAsk not,\n\n2\n00:00:01,500 --> 01:01:40,000\n你好。\n"));
  auto const vtt = said({{"response_format", "vtt"}});
  EXPECT_EQ(vtt.type, "text/vtt; charset=utf-8");
  EXPECT_THAT(vtt.body, testing::StartsWith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nAsk not,\n"));
  EXPECT_TRUE(heard().options.times);
  auto const plain = json::parse(said({{"response_format", "verbose_json"}}).body);
  EXPECT_EQ(plain["segments"][0]["end"], 1.0);
  EXPECT_EQ(plain["duration"], 1.0);
  EXPECT_FALSE(plain.contains("words"));
  auto const words = json::parse(said({{"response_format", "verbose_json"}, {"timestamp_granularities[]", "word"}}).body);
  EXPECT_EQ(words["words"][1], (json{{"word", "not"}, {"start", 0.5}, {"end", 1.0}}));
  EXPECT_FALSE(words.contains("segments"));
}

TEST_F(TranscriptionRoutes, a_stream_tells_what_is_new) {
  auto const asked = ask({{"stream", "true"}});
  heard().sink(transcript(0, "Ask not"));
  EXPECT_EQ(asked.answer->pieces.back(), "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Ask not\"}\n\n");
  heard().sink(transcript(1, "Ask not what"));
  EXPECT_THAT(asked.answer->all(), HasSubstr(R"("delta":" what")"));
  EXPECT_THAT(asked.answer->pieces.back(), HasSubstr(R"("transcript.text.done","text":"Ask not what")"));
  EXPECT_TRUE(asked.answer->ended());
}

TEST_F(TranscriptionRoutes, who_leaves_ends_the_work_and_makes_room) {
  std::vector<TestAsk> asked;
  for (int i = 0; i < most_transcriptions; ++i) asked.push_back(ask({}));
  auto const one_more = ask({});
  EXPECT_EQ(one_more.answer->head.status, 429);
  EXPECT_THAT(one_more.answer->head.headers, testing::Contains(testing::Pair("Retry-After", "2")));
  asked.pop_back();
  EXPECT_TRUE(heard().closed);
  EXPECT_EQ(ask({}).answer->head.status, 0) << "there is room again";
}

TEST_F(TranscriptionRoutes, mistakes_name_their_field) {
  using Refused = std::pair<int, std::string>;
  EXPECT_EQ(refused({}, ""), (Refused{400, "file"}));
  EXPECT_EQ(refused({}, "no sound at all"), (Refused{400, "file"}));
  EXPECT_EQ(refused({{"language", "english"}}), (Refused{400, "language"}));
  EXPECT_EQ(refused({{"response_format", "xml"}}), (Refused{400, "response_format"}));
  EXPECT_EQ(refused({{"timestamp_granularities[]", "word"}}), (Refused{400, "timestamp_granularities"}));
  EXPECT_EQ(refused({{"response_format", "srt"}, {"stream", "true"}}), (Refused{400, "stream"}));
  EXPECT_EQ(refused({{"temperature", "0.7"}}), (Refused{400, "temperature"}));
  EXPECT_EQ(refused({{"model", "other"}}), (Refused{404, "model"}));
  EXPECT_EQ(refused({{"prompt", "\xff"}}), (Refused{400, "prompt"}));
  EXPECT_EQ(refused({}, recording(longest_recording_s + 11)), (Refused{400, "file"}));
}

TEST(Captions, long_segments_are_cut_between_words) {
  speech::Segment segment{.text = "", .begin = {0}, .end = {20 * 16000}};
  for (int i = 0; i < 40; ++i) {
    segment.text += (i > 0 ? " word" : "word") + std::to_string(i);
    segment.words.push_back({"word" + std::to_string(i), {i * 8000}, {(i + 1) * 8000}});
  }
  auto const cut = captions({segment});
  ASSERT_GE(cut.size(), 4U);
  std::string joined;
  for (auto const& part : cut) {
    EXPECT_LE((part.end - part.begin).ms(), 6000);
    joined += (joined.empty() ? "" : " ") + part.text;
  }
  EXPECT_EQ(joined, segment.text);
  segment.words.clear();
  EXPECT_EQ(captions({segment}).size(), 1U) << "nobody knows where";
}

}  // namespace
}  // namespace parley::server
