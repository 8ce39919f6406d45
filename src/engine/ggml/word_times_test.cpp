#include "engine/ggml/word_times.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace parley::engine {
namespace {

/// Voice and silence in turn, in seconds; a little noise everywhere.
audio::Samples sound(std::initializer_list<double> lengths) {
  audio::Samples samples;
  bool voice = true;
  for (double const length : lengths) {
    auto const count = static_cast<std::size_t>(length * audio::heard_hz);
    for (std::size_t i = 0; i < count; ++i) {
      double const x = std::sin(2 * std::numbers::pi * 180 * static_cast<double>(i) / audio::heard_hz);
      samples.push_back(static_cast<float>(x * (voice ? 0.3 : 0.001)));
    }
    voice = !voice;
  }
  return samples;
}

std::vector<std::string> texts(std::vector<speech::TimedWord> const& words) {
  std::vector<std::string> all;
  for (auto const& word : words) all.push_back(word.text);
  return all;
}

TEST(WordTimes, words_are_told_apart_in_both_languages) {
  auto const samples = sound({2});
  EXPECT_THAT(texts(place_words(" It's a well-known 3.5% rule, OK?", samples, {})),
              testing::ElementsAre("It's", "a", "well-known", "3.5%", "rule", "OK"));
  EXPECT_THAT(texts(place_words("你好，GPT世界。", samples, {})), testing::ElementsAre("你", "好", "GPT", "世", "界"));
  EXPECT_TRUE(place_words("……", samples, {}).empty());
}

TEST(WordTimes, a_pause_lies_between_the_words_that_it_parts) {
  auto const words = place_words("ask not, what your country can do", sound({0.5, 0.6, 1.5}), {16000});
  ASSERT_EQ(words.size(), 7U);
  EXPECT_NEAR(words[0].begin.ms(), 1000, 20);
  EXPECT_NEAR(words[1].end.ms(), 1500, 30);
  EXPECT_NEAR(words[2].begin.ms(), 2100, 30);
  EXPECT_NEAR(words[6].end.ms(), 3600, 30);
}

TEST(WordTimes, a_mark_meets_a_pause_though_the_lengths_say_otherwise) {
  auto const words = place_words("一二三，四五六七", sound({0.7, 0.5, 0.7}), {});
  ASSERT_EQ(words.size(), 7U);
  EXPECT_LE(words[2].end.ms(), 720);
  EXPECT_GE(words[3].begin.ms(), 1180);
}

TEST(WordTimes, times_grow_and_stay_inside_whatever_the_sound_is) {
  for (auto const& samples : {sound({}), sound({0.005}), sound({0, 3}), sound({0.2, 0.3, 0.2, 0.3, 0.2, 0.3, 0.1})}) {
    auto const words = place_words("one two three four", samples, {100});
    ASSERT_EQ(words.size(), 4U);
    std::int64_t last = 100;
    for (auto const& word : words) {
      EXPECT_GE(word.begin.samples, last);
      EXPECT_GE(word.end.samples, word.begin.samples);
      last = word.end.samples;
    }
    EXPECT_LE(last, 100 + static_cast<std::int64_t>(samples.size()));
  }
}

}  // namespace
}  // namespace parley::engine
