// Adapters on a model of random weights: what is known under one is never used under another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/ggml/test_llama.hpp"
#include "engine/ggml/test_together.hpp"

namespace parley::engine {
namespace {

using language::GenerateRequest;
using language::Speaker;
using ::testing::HasSubstr;

GenerateRequest ask(std::string prompt, std::string adapter, int max_tokens = 12) {
  auto request = raw(std::move(prompt), max_tokens);
  request.adapter = std::move(adapter);
  return request;
}

class LlamaAdaptersTest : public ::testing::Test {
 protected:
  core::Result<std::shared_ptr<Llama>> load(std::vector<LlamaAdapter> adapters) {
    return Llama::load(files_.model(5), arbiter_,
                       {.context_tokens = 512, .prefill = 16, .threads = 1, .adapters = std::move(adapters)});
  }
  std::vector<LlamaAdapter> two() { return {{"polite", files_.adapter(1), 1}, {"rude", files_.adapter(2), 1}}; }
  Told one(Llama& llama, GenerateRequest request) {
    auto told = Together(llama, arbiter_).run({std::move(request)}).front();
    EXPECT_TRUE(told.finish) << (told.error ? told.error->message : "");
    return told;
  }
  TestLlamaFiles files_;
  Arbiter arbiter_;
  std::string const prompt_ = "Once upon a time there was a prompt that two adapters read";
};

TEST_F(LlamaAdaptersTest, WhatIsKnownUnderOneIsNotUsedUnderAnother) {
  auto const fresh = load(two());
  ASSERT_TRUE(fresh) << fresh.error().message;
  auto const rude = one(**fresh, ask(prompt_, "rude"));  // nothing was known before it

  auto const loaded = load(two());
  ASSERT_TRUE(loaded);
  auto& llama = **loaded;
  auto const plain = one(llama, ask(prompt_, ""));
  auto const polite = one(llama, ask(prompt_, "polite"));
  auto const rude_too = one(llama, ask(prompt_, "rude"));
  EXPECT_NE(plain.text, polite.text);
  EXPECT_NE(polite.text, rude.text);
  EXPECT_NE(plain.text, rude.text);
  EXPECT_EQ(rude_too.text, rude.text);
  EXPECT_EQ(polite.finish->usage.cached_tokens, 0);
  EXPECT_EQ(rude_too.finish->usage.cached_tokens, 0);

  auto const plain_again = one(llama, ask(prompt_, ""));
  auto const polite_again = one(llama, ask(prompt_, "polite"));
  EXPECT_EQ(plain_again.text, plain.text);
  EXPECT_EQ(polite_again.text, polite.text);
  EXPECT_GT(plain_again.finish->usage.cached_tokens, 50);
  EXPECT_GT(polite_again.finish->usage.cached_tokens, 50);
}

TEST_F(LlamaAdaptersTest, PreparingIsForTheAdapterThatWasNamed) {
  auto const loaded = load(two());
  ASSERT_TRUE(loaded);
  GenerateRequest request;
  request.messages = {{Speaker::system, "You are polite to everybody who comes."}, {Speaker::user, "Hello"}};
  request.sampling.max_tokens = 2;
  request.adapter = "polite";
  auto ahead = request;
  ahead.messages.pop_back();
  auto const reading = (*loaded)->read_ahead(ahead);
  auto const polite = one(**loaded, request);
  EXPECT_GT(polite.finish->usage.cached_tokens, 30);
  request.adapter = "rude";
  EXPECT_EQ(one(**loaded, request).finish->usage.cached_tokens, 0);
}

TEST_F(LlamaAdaptersTest, OneFileAtTwoScalesIsTwoAdapters) {
  auto const file = files_.adapter(1);
  auto const loaded = load({{"whole", file, 1}, {"half", file, 0.5F}, {"nothing", file, 0}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  auto& llama = **loaded;
  auto const whole = one(llama, ask(prompt_, "whole"));
  auto const half = one(llama, ask(prompt_, "half"));
  EXPECT_NE(whole.text, half.text);
  EXPECT_EQ(half.finish->usage.cached_tokens, 0);
  EXPECT_EQ(one(llama, ask(prompt_, "nothing")).text, one(llama, ask(prompt_, "")).text);
}

TEST_F(LlamaAdaptersTest, ManyAtOnceAnswerEachUnderItsOwn) {
  std::mt19937 chance(9);
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 48; ++i) {
    std::string text(20 + chance() % 20, ' ');
    for (auto& each : text) each = static_cast<char>('a' + chance() % 26);
    requests.push_back(ask(text, std::array{"", "polite", "rude"}[static_cast<std::size_t>(i) % 3], 4));
  }
  auto const alone = load(two());
  auto const crowded = load(two());
  ASSERT_TRUE(alone && crowded);
  auto const together = Together(**crowded, arbiter_).run(requests);
  int judged = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto const expected = one(**alone, requests[i]);
    ASSERT_TRUE(together[i].finish);
    if (expected.near_tie) continue;
    ++judged;
    EXPECT_EQ(together[i].text, expected.text) << i;
  }
  EXPECT_GT(judged, 16);
}

TEST_F(LlamaAdaptersTest, WhatCannotBeUsedIsSaidPlainly) {
  auto const why = [&](std::filesystem::path const& file) {
    auto const loaded = load({{"x", file, 1}});
    if (loaded) return std::string("it was loaded");
    EXPECT_EQ(loaded.error().code, core::Code::unavailable);
    EXPECT_EQ(loaded.error().subject, file.string());
    return loaded.error().message;
  };
  EXPECT_THAT(why(files_.file("absent.gguf")), HasSubstr("missing"));
  std::ofstream(files_.file("words.gguf")) << "these are no tensors";
  EXPECT_THAT(why(files_.file("words.gguf")), HasSubstr("no GGUF"));
  auto const cut = files_.adapter(3);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 100);
  EXPECT_THAT(why(cut), HasSubstr("damaged"));
  EXPECT_THAT(why(files_.model(6)), HasSubstr("holds a model"));
  EXPECT_THAT(why(files_.adapter(1, "qwen2")), HasSubstr("for models of the kind 'qwen2', and this one is 'llama'"));
  EXPECT_THAT(why(files_.adapter(1, "llama", 32)), HasSubstr("do not fit random"));
}

TEST_F(LlamaAdaptersTest, AnAdapterThatIsNotThereIsRefusedByName) {
  auto const loaded = load(two());
  ASSERT_TRUE(loaded);
  auto const told = Together(**loaded, arbiter_).run({ask(prompt_, "kind")}).front();
  ASSERT_TRUE(told.error);
  EXPECT_EQ(told.error->code, core::Code::not_found);
  EXPECT_EQ(told.error->subject, "kind");
}

}  // namespace
}  // namespace parley::engine
