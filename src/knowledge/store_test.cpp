#include "knowledge/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "core/test_folder.hpp"
#include "knowledge/search.hpp"
#include "knowledge/vector_scan.hpp"
#include "knowledge/word_ranking.hpp"
#include "knowledge/words.hpp"

namespace parley::knowledge {
namespace {

using language::Vector;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::size_t dimensions = 48;

class StoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open(std::string const& embedder = "test/48") const {
    auto store = Store::open(file_, embedder, dimensions);
    EXPECT_TRUE(store) << core::describe(store.error());
    return store ? std::move(*store) : nullptr;
  }

  core::TestFolder const folder_;
  std::filesystem::path const file_ = folder_ / "base.db";
};

Vector random_vector(std::mt19937& random) {
  std::normal_distribution<float> normal;
  Vector vector(dimensions);
  float sum = 0;
  for (float& x : vector) {
    x = normal(random);
    sum += x * x;
  }
  for (float& x : vector) x /= std::sqrt(sum);
  return vector;
}

/// A document of `count` chunks that all say `text` and their number.
void put(Store& store, std::string const& path, std::string const& text, int count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<StoredChunk> chunks;
  std::vector<Vector> vectors;
  for (int i = 0; i < count; ++i) {
    chunks.push_back(
        {text + " " + std::to_string(i), static_cast<std::size_t>(i) * 100, static_cast<std::size_t>(i) * 100 + 90, 1});
    vectors.push_back(random_vector(random));
  }
  auto const done = store.put({path, "digest of " + path, "title"}, chunks, vectors);
  ASSERT_TRUE(done) << core::describe(done.error());
}

TEST_F(StoreTest, WordsOfTwoChineseCharactersAreFoundAndEnglishOnesInAnyForm) {
  auto const store = open();
  put(*store, "zh", "可以退货。今天天气很好", 1);
  put(*store, "en", "He was configuring the ＮＥＴＷＯＲＫ", 1);
  for (auto const& [question, path] :
       {std::pair{"退货", "zh"}, {"天气怎么样？", "zh"}, {"configure", "en"}, {"network", "en"}}) {
    auto const found = store->by_words(question, 5, {});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U) << question;
    EXPECT_EQ(store->chunks(std::vector{found->front().id})->front().path, path);
  }
  EXPECT_THAT(*store->by_words("苹果", 5, {}), IsEmpty());
  EXPECT_THAT(*store->by_words("\"NEAR(", 5, {}), IsEmpty()) << "what FTS5 would take for its own language is only text";
}

TEST_F(StoreTest, NearestIsWhatLookingAtAllExactlyGives) {
  auto const store = open();
  put(*store, "a", "text", 2000, 3);
  std::mt19937 random(3);
  std::vector<Vector> all;
  for (int i = 0; i < 2000; ++i) all.push_back(random_vector(random));
  int shared = 0;
  for (int round = 0; round < 20; ++round) {
    auto const query = random_vector(random);
    auto const found = store->by_vector(query, 10, {});
    ASSERT_TRUE(found);
    std::vector<std::pair<double, std::int64_t>> exact;
    for (std::size_t i = 0; i < all.size(); ++i) {
      double dot = 0;
      for (std::size_t j = 0; j < dimensions; ++j) dot += static_cast<double>(query[j]) * all[i][j];
      exact.emplace_back(-dot, static_cast<std::int64_t>(i + 1));
    }
    std::ranges::sort(exact);
    for (std::size_t i = 0; i < 10; ++i) {
      shared += std::ranges::any_of(*found, [&](Ranked const& one) { return one.id == exact[i].second; }) ? 1 : 0;
    }
    EXPECT_NEAR(found->front().score, -exact.front().first, 1e-6);
  }
  EXPECT_GE(shared, 196);  // of 200
}

TEST_F(StoreTest, AnotherEmbedderIsRefused) {
  open();
  auto const other = Store::open(file_, "other/48", dimensions);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, core::Code::conflict);
  EXPECT_THAT(other.error().message, HasSubstr("made by test/48"));
  EXPECT_EQ((*Store::open_existing(file_))->embedder(), "test/48");
  EXPECT_EQ(Store::open_existing(folder_ / "none.db").error().code, core::Code::not_found);
}

TEST_F(StoreTest, WhatIsRemovedIsGoneFromTheFileToo) {
  auto const store = open();
  put(*store, "keep", "harmless", 3);
  put(*store, "secret", "xyzzyplugh", 3, 2);
  EXPECT_TRUE(*store->remove("secret"));
  EXPECT_FALSE(*store->remove("secret"));
  EXPECT_THAT(*store->by_words("xyzzyplugh", 5, {}), IsEmpty());
  EXPECT_EQ(store->by_vector(Vector(dimensions, 0.1F), 50, {})->size(), 3U);
  EXPECT_TRUE(store->check());
  for (auto const& entry : std::filesystem::directory_iterator(folder_)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_THAT(bytes, Not(HasSubstr("xyzzyplugh"))) << entry.path();
  }
}

TEST_F(StoreTest, ADocumentPutAgainReplacesItself) {
  auto const store = open();
  put(*store, "a", "first", 5);
  put(*store, "a", "second", 2, 9);
  EXPECT_EQ((*store->document("a"))->chunks, 2U);
  EXPECT_THAT(*store->by_words("first", 5, {}), IsEmpty());
  EXPECT_EQ(store->by_vector(Vector(dimensions, 0.1F), 50, {})->size(), 2U);
}

TEST_F(StoreTest, AnotherConnectionSeesWhatWasAddedAndRemoved) {
  auto const writer = open();
  auto const reader = open();
  put(*writer, "a", "text", 5);
  EXPECT_EQ(reader->by_vector(Vector(dimensions, 0.1F), 50, {})->size(), 5U);
  put(*writer, "b", "text", 2);
  (void)writer->remove("a");
  EXPECT_EQ(reader->by_vector(Vector(dimensions, 0.1F), 50, {})->size(), 2U);
  EXPECT_EQ(reader->by_vector(Vector(dimensions, 0.1F), 50, {"b"})->size(), 2U);
  EXPECT_THAT(*reader->by_vector(Vector(dimensions, 0.1F), 50, {"c"}), IsEmpty());
}

TEST_F(StoreTest, KilledAtAnyMomentNoDocumentIsHalfThere) {
  open();
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    pid_t const child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {  // writes documents of twenty chunks until it is killed
      auto const store = open();
      for (unsigned i = 0; store; ++i) put(*store, "doc" + std::to_string(i % 7), "version " + std::to_string(round), 20, i);
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(3000 + random() % 20000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
    auto const store = open();
    ASSERT_TRUE(store);
    auto const documents = store->documents();
    ASSERT_TRUE(documents);
    for (auto const& document : *documents) ASSERT_EQ(document.chunks, 20U);
    if (round % 10 == 9) {
      auto const fine = store->check();
      ASSERT_TRUE(fine) << core::describe(fine.error());
    }
  }
  EXPECT_GT(open()->documents()->size(), 0U);
}

/// The ranking of a table with these texts as rows 1, 2, …
class Ranking {
 public:
  explicit Ranking(std::size_t most_chunks) : ranking(most_chunks) {
    EXPECT_TRUE(database.execute("CREATE VIRTUAL TABLE words USING fts5(body, tokenize = 'porter unicode61')"));
    EXPECT_TRUE(database.define_hits());
  }
  void add(std::string const& text) {
    EXPECT_TRUE(database.prepare("INSERT INTO words (body) VALUES (?)").bind(text).run());
    ranking.forget();
  }
  std::vector<Ranked> best(std::vector<std::string> const& words, std::size_t count = 50) {
    auto found = ranking.best(database, words, count);
    EXPECT_TRUE(found) << core::describe(found.error());
    return found ? *found : std::vector<Ranked>{};
  }

  Database database = *Database::open(":memory:", true);
  WordRanking ranking;
};

TEST(WordRankingTest, IsBm25) {
  Ranking some(100);
  for (auto const* text : {"a b c d", "a a x y", "b", "loud loud engines roar", "x"}) some.add(text);
  auto const found = some.best({"a", "engine"});
  ASSERT_EQ(found.size(), 3U);
  // 14 words in 5 rows. Robertson & Zaragoza 2009, with the rarity that is never negative: ln(1 + (N - n + 1/2) / (n + 1/2)).
  auto const weight = [](double hits, double length, double rows) {
    return std::log(1 + (5 - rows + 0.5) / (rows + 0.5)) * hits * 2.2 / (hits + 1.2 * (0.25 + 0.75 * length / 2.8));
  };
  double const most = 2.2 * (std::log(1 + 4.5 / 1.5) + std::log(1 + 3.5 / 2.5));
  EXPECT_EQ(found[0].id, 4);
  EXPECT_NEAR(found[0].score, weight(1, 4, 1) / most, 1e-5);
  EXPECT_EQ(found[1].id, 2);
  EXPECT_NEAR(found[1].score, weight(2, 4, 2) / most, 1e-5);
  EXPECT_NEAR(found[2].score, weight(1, 4, 2) / most, 1e-5);
  EXPECT_NEAR(some.best({"a", "engine", "nowhere"})[0].score, weight(1, 4, 1) / (most + 2.2 * std::log(1 + 5.5 / 0.5)), 1e-5);
  EXPECT_EQ(some.best({"a", "engine"}, 1).size(), 1U);
  EXPECT_THAT(some.best({"nowhere"}), IsEmpty());
}

TEST(WordRankingTest, WhatIsEverywhereIsNotRankedBesideWhatTells) {
  Ranking many(40);
  for (int i = 0; i < 60; ++i) many.add("the engine is loud");
  many.add("the engine has a whistle");
  ASSERT_EQ(many.best({"engine", "whistle"}).size(), 1U);
  EXPECT_EQ(many.best({"engine", "whistle"})[0].id, 61);
  EXPECT_EQ(many.best({"loud", "engine"}, 30).size(), 30U) << "better common words than none";
  EXPECT_TRUE(many.database.execute("DELETE FROM words WHERE rowid <= 30"));
  many.ranking.forget();
  EXPECT_EQ(many.best({"engine", "whistle"}).size(), 31U) << "it is small now, and all words count";
  EXPECT_EQ(many.best({"engine", "whistle"})[0].id, 61);
}

TEST(WordRankingTest, WhatIsAddedCountsInLongListsToo) {
  Ranking some(100'000);
  for (int i = 0; i < 300; ++i) some.add(i % 3 == 0 ? std::string(200, 'x') + " word" : std::string("word word"));
  EXPECT_EQ(some.best({"word"}, 1000).size(), 300U);
  std::string const longest = [] {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "word ";  // a length of three bytes
    return text;
  }();
  some.add(longest);
  auto const found = some.best({"word"}, 1000);
  ASSERT_EQ(found.size(), 301U);
  EXPECT_EQ(found[0].id, 301);
  EXPECT_NEAR(found[0].score, 20'000 / (20'000 + 1.2 * (0.25 + 0.75 * 20'000 * 301 / 20'600)), 1e-4);
}

TEST(WordsTest, ChineseIsPairsAndCommonWordsAreLeftOut) {
  EXPECT_EQ(index_words("Ａpt安装x"), "apt 安 安装 装 x");
  EXPECT_THAT(query_words("how do I 安装软件包"), ElementsAre("安装", "装软", "软件", "件包"));
  EXPECT_THAT(query_words("what is it"), ElementsAre("what", "is", "it"));
  EXPECT_EQ(match_expression("a"), "\"a\"");
  EXPECT_DOUBLE_EQ(word_share(query_words("安装软件"), "软件在这里安装"), 2.0 / 3);
}

TEST(FuseTest, RanksCountNotScores) {
  auto const fused = fuse({{{{1, 0.9}, {2, 0.8}}}, {{{2, 100}, {3, 5}}}}, 60);
  ASSERT_EQ(fused.size(), 3U);
  EXPECT_EQ(fused[0].id, 2);
  EXPECT_DOUBLE_EQ(fused[0].score, 1.0 / 61 + 1.0 / 62);
  EXPECT_EQ(fused[1].id, 1);
  EXPECT_EQ(fuse({{{{1, 0.9}}, 1}, {{{2, 100}}, 1.5}}, 60).front().id, 2) << "and the weight of their list";
}

TEST(BlendTest, TheMeaningIsStretchedAndTheShareOfWordsComesOnTop) {
  std::vector<Ranked> const nearest{{1, 0.9}, {2, 0.85}, {3, 0.8}}, words{{3, 0.7}, {4, 0.2}};
  std::unordered_map<std::int64_t, double> const cosines{{1, 0.9}, {2, 0.85}, {3, 0.8}, {4, 0.5}};
  auto const blended = blend(nearest, words, cosines, 2);
  ASSERT_EQ(blended.size(), 4U);
  EXPECT_EQ(blended[0].id, 3);
  EXPECT_DOUBLE_EQ(blended[0].score, 1.4);
  EXPECT_EQ(blended[1].id, 1);
  EXPECT_DOUBLE_EQ(blended[1].score, 1);
  EXPECT_DOUBLE_EQ(blended[3].score, 0.4);
  EXPECT_EQ(blend(nearest, {}, cosines, 2)[0].id, 1);
  EXPECT_EQ(blend({}, words, cosines, 2)[0].id, 3);
}

TEST(JoinTest, NeighboursBecomeOnePassageAndSharedTextIsWrittenOnce) {
  auto const passage = [](std::size_t ordinal, std::string text, std::size_t begin, double score) {
    Passage made{"doc", "", std::move(text), begin, 0, 1, ordinal, 1, score, 0};
    made.end = begin + 6;
    return made;
  };
  auto const joined =
      join_neighbours({passage(2, "五六七八九十", 4, 3), passage(7, "apart.", 50, 2), passage(1, "一二三四五六", 0, 1)});
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_EQ(joined[0].text, "一二三四五六七八九十");
  EXPECT_EQ(joined[0].begin, 0U);
  EXPECT_EQ(joined[0].end, 10U);
  EXPECT_EQ(joined[0].chunks, 2U);
  EXPECT_EQ(joined[0].score, 3);
}

}  // namespace
}  // namespace parley::knowledge
