#include "speech/voices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::speech {
namespace {

/// Speaks one sample for every request and remembers it.
class Parrot final : public Synthesiser {
 public:
  explicit Parrot(std::string name) : name_(std::move(name)) {}
  std::vector<VoiceInfo> voices() const override { return {{name_, {"zh"}, ""}}; }
  core::Result<void> check(std::string const& voice) const override {
    if (voice == name_) return {};
    return core::fail(core::Code::not_found, "no such parrot");
  }
  core::Job speak(SpeakRequest request, Sink sink) const override {
    said = request.text;
    sink(SpokenBlock{{0.5F}, true});
    return {};
  }
  mutable std::string said;

 private:
  std::string name_;
};

TEST(Voices, GoToTheEngineOfTheirPrefix) {
  auto const red = std::make_shared<Parrot>("red:one");
  auto const blue = std::make_shared<Parrot>("blue:two");
  Voices voices;
  voices.add("red", red);
  voices.add("blue", blue);
  EXPECT_EQ(voices.voices().size(), 2U);
  EXPECT_TRUE(voices.check("blue:two"));
  int blocks = 0;
  auto const job = voices.speak({.text = "你好", .language = "zh", .voice = "blue:two"},
                                [&](auto block) { blocks += block && block->last; });
  EXPECT_EQ(blocks, 1);
  EXPECT_EQ(blue->said, "你好");
  EXPECT_EQ(red->said, "");
}

TEST(Voices, WhatDoesNotExistIsAnErrorThatNamesWhatDoes) {
  Voices voices;
  voices.add("red", std::make_shared<Parrot>("red:one"));
  EXPECT_THAT(voices.check("green:one").error().message, testing::HasSubstr("the engines are red"));
  EXPECT_FALSE(voices.check("red"));
  EXPECT_FALSE(voices.check(""));
  EXPECT_EQ(voices.check("red:two").error().message, "no such parrot");
  core::Result<SpokenBlock> got;
  auto const job = voices.speak({.text = "hi", .language = "en", .voice = "green:one"}, [&](auto block) { got = block; });
  EXPECT_EQ(got.error().code, core::Code::not_found);
}

}  // namespace
}  // namespace parley::speech
