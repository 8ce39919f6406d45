// What a scripted recogniser knows of its line while the sound comes.
#include "cloud/volcengine/simulator/scripted_engines.hpp"

#include <gtest/gtest.h>

namespace parley::cloud::volcengine {
namespace {

/// The words on the way after every 100 ms of a second: 200 ms of quiet, 600 loud, quiet again.
std::vector<std::string> on_the_way(std::string const& line, std::chrono::milliseconds lag) {
  std::vector<std::string> told;
  auto const recogniser = scripted_recogniser({line}, lag);
  auto const stream = recogniser->open({}, [&](core::Result<speech::Transcript> const& said) { told.push_back(said->text); });
  for (int at = 0; at < 1000; at += 100) {
    stream->push(audio::Samples(audio::heard_hz / 10, at >= 200 && at < 800 ? 0.1F : 0.0F));
    stream->transcribe(1, core::Urgency::partial);
  }
  return told;
}

/// A character is told once half of it has been said.
TEST(ScriptedRecogniser, tells_what_has_been_said_so_far) {
  std::vector<std::string> const expected{"", "", "你", "你", "你好", "你好", "你好吗", "你好吗", "你好吗", "你好吗"};
  EXPECT_EQ(on_the_way("你好吗\t600", std::chrono::milliseconds(0)), expected);
}

TEST(ScriptedRecogniser, tells_it_late_when_it_lags) {
  std::vector<std::string> const expected{"", "", "", "", "你", "你", "你好", "你好", "你好吗", "你好吗"};
  EXPECT_EQ(on_the_way("你好吗\t600", std::chrono::milliseconds(200)), expected);
}

TEST(ScriptedRecogniser, goes_by_the_characters_where_the_line_does_not_say) {
  EXPECT_EQ(on_the_way("你好吗", std::chrono::milliseconds(0)).back(), "你好吗") << "three times 160 ms";
  EXPECT_EQ(on_the_way("你好吗，朋友", std::chrono::milliseconds(0)).back(), "你好吗，");
}

TEST(ScriptedRecogniser, goes_on_with_a_line_in_whose_middle_somebody_paused) {
  std::vector<std::string> told;
  auto const recogniser = scripted_recogniser({"一二三四\t800", "五"});
  for (int const ms : {400, 400, 100}) {
    auto const stream = recogniser->open({}, [&](core::Result<speech::Transcript> const& said) { told.push_back(said->text); });
    stream->push(audio::Samples(static_cast<std::size_t>(ms) * audio::heard_hz / 1000, 0.1F));
    stream->transcribe(1, core::Urgency::final_transcript);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"一二", "三四", "五"}));
}

}  // namespace
}  // namespace parley::cloud::volcengine
