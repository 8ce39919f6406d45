#include "server/sound/speech_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "audio/file.hpp"
#include "server/test_answer.hpp"

namespace parley::server {
namespace {

using nlohmann::json;

/// Speaks when it is told to: every clause is a tenth of a second in two blocks.
class HandVoices final : public speech::Synthesiser {
 public:
  struct Clause {
    speech::SpeakRequest request;
    Sink sink;
  };
  std::vector<speech::VoiceInfo> voices() const override { return {{"hand:one", {"en"}, ""}}; }
  core::Result<void> check(std::string const& voice) const override {
    if (voice.starts_with("hand:")) return {};
    return core::fail(core::Code::not_found, "there is no voice '" + voice + "'");
  }
  core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    if (at_once) {
      sink(speech::SpokenBlock{audio::Samples(2400, 0.1F), true});
      return {};
    }
    clauses.push_back({std::move(request), std::move(sink)});
    std::stop_source source;
    stops.push_back(source.get_token());
    return core::Job(source);
  }
  void say(std::size_t clause) const {
    auto const sink = clauses[clause].sink;
    sink(speech::SpokenBlock{audio::Samples(1200, 0.1F), false});
    sink(speech::SpokenBlock{audio::Samples(1200, 0.1F), true});
  }
  mutable std::vector<Clause> clauses;
  mutable std::vector<std::stop_token> stops;
  bool at_once = false;
};

class SpeechRoutes : public testing::Test {
 protected:
  SpeechRoutes() {
    SpeechHooks hooks;
    hooks.find_synthesiser = [this](std::string const& name) -> core::Result<std::shared_ptr<speech::Synthesiser const>> {
      if (name != "default") return core::fail(core::Code::not_found, "there is no " + name, "model");
      return voices_;
    };
    hooks.house_voice = [](std::string const& language) { return "hand:" + language; };
    hooks.gate = [](std::string const& text) -> core::Result<std::string> {
      if (text.contains("secret")) return core::fail(core::Code::invalid, "not that");
      return text;
    };
    add_speech_routes(routes_, std::move(hooks));
  }
  TestAsk ask(json const& body) { return {routes_, "/v1/audio/speech", body.dump()}; }
  std::pair<int, std::string> refused(json const& body) {
    auto const reply = ask(body).answer->head;
    auto const param = json::parse(reply.body)["error"]["param"];
    return {reply.status, param.is_null() ? "" : param};
  }
  HttpRoutes routes_;
  std::shared_ptr<HandVoices> voices_ = std::make_shared<HandVoices>();
};

constexpr char const* two_sentences =
    "This is the first sentence that is long enough. And here comes another one of that kind.";

TEST_F(SpeechRoutes, sound_leaves_before_the_next_clause_is_begun) {
  auto const asked = ask({{"input", two_sentences}, {"voice", "alloy"}, {"response_format", "pcm"}, {"speed", 1.5}});
  ASSERT_EQ(voices_->clauses.size(), 1U);
  EXPECT_EQ(voices_->clauses[0].request.voice, "hand:en");
  EXPECT_FLOAT_EQ(voices_->clauses[0].request.speed, 1.5F);
  EXPECT_EQ(voices_->clauses[0].request.urgency, core::Urgency::text);
  EXPECT_FALSE(asked.answer->begun);
  voices_->say(0);
  EXPECT_TRUE(asked.answer->begun);
  EXPECT_EQ(asked.answer->head.type, "audio/pcm");
  EXPECT_EQ(asked.answer->all().size(), 4800U);
  EXPECT_FALSE(asked.answer->ended());
  for (std::size_t i = 1; i < voices_->clauses.size(); ++i) voices_->say(i);
  EXPECT_TRUE(asked.answer->ended());
  EXPECT_EQ(asked.answer->all().size(), 4800U * voices_->clauses.size());
  std::string spoken;
  for (auto const& clause : voices_->clauses) spoken += clause.request.text;
  EXPECT_EQ(spoken, two_sentences);
}

TEST_F(SpeechRoutes, every_format_can_be_read_again) {
  voices_->at_once = true;
  for (std::string const format : {"mp3", "opus", "flac", "wav"}) {
    auto const asked = ask({{"input", two_sentences}, {"response_format", format}});
    ASSERT_TRUE(asked.answer->ended()) << format;
    auto const sound = audio::parse_recording(asked.answer->all(), format, audio::spoken_hz);
    ASSERT_TRUE(sound) << format << sound.error().message;
    EXPECT_GT(sound->samples.size(), 2400U);
  }
}

TEST_F(SpeechRoutes, events_carry_the_sound_and_end) {
  voices_->at_once = true;
  auto const asked = ask({{"input", "Good morning."}, {"response_format", "pcm"}, {"stream_format", "sse"}});
  EXPECT_EQ(asked.answer->head.type, "text/event-stream");
  EXPECT_THAT(asked.answer->pieces.front(), testing::StartsWith(R"(data: {"type":"speech.audio.delta","audio":")"));
  EXPECT_THAT(asked.answer->pieces.back(), testing::HasSubstr(R"("type":"speech.audio.done")"));
}

TEST_F(SpeechRoutes, chinese_takes_the_house_voice_of_chinese) {
  auto const asked = ask({{"input", "你好，很高兴认识你。"}});
  ASSERT_EQ(voices_->clauses.size(), 1U);
  EXPECT_EQ(voices_->clauses[0].request.voice, "hand:zh");
  EXPECT_EQ(voices_->clauses[0].request.language, "zh");
}

TEST_F(SpeechRoutes, who_leaves_stops_the_clause_under_way) {
  {
    auto const asked = ask({{"input", two_sentences}});
    EXPECT_FALSE(voices_->stops[0].stop_requested());
  }
  EXPECT_TRUE(voices_->stops[0].stop_requested());
  voices_->say(0);  // too late: nobody is spoken to any more
  EXPECT_EQ(voices_->clauses.size(), 1U);
}

TEST_F(SpeechRoutes, who_does_not_read_is_spoken_to_no_longer) {
  auto const asked = ask({{"input", two_sentences}, {"response_format", "pcm"}});
  asked.answer->gone = true;
  voices_->say(0);
  EXPECT_EQ(voices_->clauses.size(), 1U);
}

TEST_F(SpeechRoutes, a_voice_that_fails_is_an_error_until_sound_has_left) {
  auto const early = ask({{"input", two_sentences}, {"response_format", "pcm"}});
  voices_->clauses[0].sink(core::fail(core::Code::busy, "too many"));
  EXPECT_EQ(early.answer->head.status, 429);
  voices_->clauses.clear();
  auto const late = ask({{"input", two_sentences}, {"response_format", "pcm"}});
  voices_->say(0);
  voices_->clauses[1].sink(core::fail(core::Code::internal, "broken"));
  EXPECT_FALSE(late.answer->ended()) << "an end would say that this was all";
}

TEST_F(SpeechRoutes, mistakes_name_their_field) {
  using Refused = std::pair<int, std::string>;
  EXPECT_EQ(refused(json::object()), (Refused{400, "input"}));
  EXPECT_EQ(refused({{"input", std::string(longest_spoken_text + 1, 'a')}}), (Refused{400, "input"}));
  EXPECT_EQ(refused({{"input", "a secret"}}), (Refused{400, "input"}));
  EXPECT_EQ(refused({{"input", "hi"}, {"voice", "nobody"}}), (Refused{400, "voice"}));
  EXPECT_EQ(refused({{"input", "hi"}, {"speed", 5}}), (Refused{400, "speed"}));
  EXPECT_EQ(refused({{"input", "hi"}, {"response_format", "aac"}}), (Refused{400, "response_format"}));
  EXPECT_EQ(refused({{"input", "hi"}, {"instructions", "sing"}}), (Refused{400, "instructions"}));
  EXPECT_EQ(refused({{"input", "hi"}, {"model", "other"}}), (Refused{404, "model"}));
  EXPECT_EQ(refused({{"input", "  "}}), (Refused{400, "input"}));
}

}  // namespace
}  // namespace parley::server
