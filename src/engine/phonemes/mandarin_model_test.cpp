// The real lexicon against the reference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/utf8.hpp"
#include "engine/phonemes/kokoro_symbols.hpp"
#include "engine/phonemes/mandarin.hpp"

namespace parley::engine {
namespace {

std::filesystem::path lexicon_folder() {
  if (auto const* const home = std::getenv("PARLEY_HOME")) return std::filesystem::path(home) / "models/mandarin-lexicon";
  auto const* const user = std::getenv("HOME");
  return std::filesystem::path(user != nullptr ? user : "") / ".cache/parley/models/mandarin-lexicon";
}

#define NEEDS_LEXICON() \
  if (!std::filesystem::exists(lexicon_folder() / "lexicon.bin")) GTEST_SKIP() << "parley models pull mandarin-lexicon"

TEST(MandarinModel, SentencesAreAsTheReferenceHasThem) {
  NEEDS_LEXICON();
  auto const symbols = KokoroSymbols::load(lexicon_folder());
  ASSERT_TRUE(symbols) << core::describe(symbols.error());
  std::ifstream file(PARLEY_SOURCE_DIR "/src/engine/phonemes/testdata/mandarin_sentences.json");
  auto const vectors = nlohmann::json::parse(file);
  ASSERT_GE(vectors["sentences"].size(), 60U);
  for (auto const& sentence : vectors["sentences"]) {
    auto const text = sentence["text"].get<std::string>();
    auto const spoken = (*symbols)(text, "zh");
    ASSERT_TRUE(spoken) << core::describe(spoken.error());
    EXPECT_EQ(core::encode_utf8(*spoken), sentence["symbols"].get<std::string>()) << text;
  }
}

TEST(MandarinModel, ReadsCharactersByTheirWord) {
  NEEDS_LEXICON();
  auto const mandarin = Mandarin::load(lexicon_folder());
  ASSERT_TRUE(mandarin);
  using Reading = std::vector<std::string>;
  EXPECT_EQ(mandarin->pinyin(U"银行行长"), (Reading{"yin2", "hang2", "hang2", "zhang3"}));
  EXPECT_EQ(mandarin->pinyin(U"音乐快乐"), (Reading{"yin1", "yue4", "kuai4", "le4"}));
  EXPECT_EQ(mandarin->pinyin(U"重新很重"), (Reading{"chong2", "xin1", "hen3", "zhong4"}));
  EXPECT_EQ(mandarin->pinyin(U"我们的"), (Reading{"wo3", "men5", "de5"}));
}

}  // namespace
}  // namespace parley::engine
