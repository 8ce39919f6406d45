#include "engine/phonemes/mandarin.hpp"

#include <gmock/gmock.h>

#include "core/test_folder.hpp"
#include "engine/phonemes/lexicon_file.hpp"
#include "engine/phonemes/mandarin_words.hpp"

namespace parley::engine {
namespace {

using testing::ElementsAre;

class MandarinTest : public testing::Test {
 protected:
  core::TestFolder const folder_;
  void write(std::string const& bytes) const { std::ofstream(folder_ / "lexicon.bin", std::ios::binary) << bytes; }
};

TEST_F(MandarinTest, CutsWordsByProbability) {
  auto const lexicon = MandarinLexicon::load(small_lexicon().write(folder_));
  ASSERT_TRUE(lexicon) << core::describe(lexicon.error());
  EXPECT_THAT(cut_words(*lexicon, U"你好"), ElementsAre(U"你好"));
  EXPECT_THAT(cut_words(*lexicon, U"银行行长"), ElementsAre(U"银行", U"行长"));
  EXPECT_THAT(cut_words(*lexicon, U""), ElementsAre());
}

TEST_F(MandarinTest, SingleCharactersSideBySideGoToTheModelOfNewWords) {
  auto const lexicon = MandarinLexicon::load(small_lexicon().write(folder_));
  ASSERT_TRUE(lexicon);
  EXPECT_THAT(cut_words(*lexicon, U"他在银行长"), ElementsAre(U"他在", U"银行", U"长"));
}

TEST_F(MandarinTest, ReadsACharacterByItsPhraseElseAlone) {
  auto const mandarin = Mandarin::load(small_lexicon().write(folder_));
  ASSERT_TRUE(mandarin);
  EXPECT_THAT(mandarin->pinyin(U"银行行长"), ElementsAre("yin2", "hang2", "hang2", "zhang3"));
  EXPECT_THAT(mandarin->pinyin(U"行"), ElementsAre("xing2"));
  EXPECT_EQ(mandarin->symbols(U"你好银行"), U"ni↓xau↓ i↗nxa↗ŋ");
}

TEST_F(MandarinTest, CharactersWithoutAReadingAreLeftOut) {
  auto const mandarin = Mandarin::load(small_lexicon().write(folder_));
  ASSERT_TRUE(mandarin);
  EXPECT_EQ(mandarin->symbols(U"龘靐"), U"");
  EXPECT_EQ(mandarin->symbols(U"龘靐你好"), U"ni↓xau↓");
}

TEST_F(MandarinTest, AMissingOrDamagedFileIsAnErrorThatHelps) {
  auto const missing = Mandarin::load(folder_);
  EXPECT_EQ(missing.error().code, core::Code::not_found);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("parley models pull mandarin-lexicon"));
  auto const good = small_lexicon().bytes();
  for (std::size_t length = 0; length < good.size(); length += 13) {
    write(good.substr(0, length));
    ASSERT_FALSE(Mandarin::load(folder_)) << length;
  }
  write(good + "x");
  EXPECT_EQ(Mandarin::load(folder_).error().code, core::Code::invalid);
}

TEST_F(MandarinTest, NoChangedByteMakesItReadOutside) {
  auto const good = small_lexicon().bytes();
  for (std::size_t i = 0; i < good.size(); i += i < 40 ? 1 : 5) {
    for (auto const value : {'\0', '\xFF'}) {
      auto bad = good;
      bad[i] = value;
      write(bad);
      if (auto const mandarin = Mandarin::load(folder_)) (void)mandarin->symbols(U"他在银行行长你好龘靐");
    }
  }
}

}  // namespace
}  // namespace parley::engine
