#include "knowledge/splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "core/utf8.hpp"

namespace parley::knowledge {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Chunk> split(std::string_view text, SplitRules rules) {
  auto const splitter = Splitter::make(std::move(rules));
  EXPECT_TRUE(splitter) << core::describe(splitter.error());
  return *splitter->split(text);
}

std::vector<std::string> texts(std::vector<Chunk> const& chunks) {
  std::vector<std::string> all;
  for (auto const& chunk : chunks) all.push_back(chunk.text);
  return all;
}

std::string slice(std::u32string const& text, Chunk const& chunk) {
  return core::encode_utf8(std::u32string_view(text).substr(chunk.begin, chunk.end - chunk.begin));
}

TEST(SplitterTest, CutsAsLangChainDoes) {
  std::ifstream in(PARLEY_SOURCE_DIR "/src/knowledge/testdata/splitter.jsonl");
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    auto const vector = json::parse(line);
    SCOPED_TRACE(vector["id"].get<std::string>());
    auto rules = split_rules_from_json(vector["params"]);
    ASSERT_TRUE(rules) << core::describe(rules.error());
    bool const whole = rules->keep != Keep::none;
    std::string const input = vector["input"];
    auto const source = core::decode_utf8(input);
    auto const chunks = split(input, *rules);
    EXPECT_EQ(texts(chunks), vector["expected"].get<std::vector<std::string>>());
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (whole) {
        EXPECT_EQ(slice(source, chunks[i]), chunks[i].text);
      }
      // LangChain searches for the start: where text repeats it finds an earlier place with the same characters.
      long const searched = vector["expected_start_index"][i];
      if (searched < 0 || rules->measure != Measure::code_points || !whole) continue;
      auto const at = static_cast<std::size_t>(searched);
      EXPECT_LE(at, chunks[i].begin);
      EXPECT_EQ(slice(source, {"", at, at + chunks[i].end - chunks[i].begin}), chunks[i].text);
      if (vector["id"] != "136-start-index-repeat") {
        EXPECT_EQ(at, chunks[i].begin);
      }
    }
  }
  EXPECT_EQ(count, 92);
}

TEST(SplitterTest, OffsetsAreTrueWhereTextRepeats) {
  SplitRules rules{.size = 3, .overlap = 1};
  auto const chunks = split("aaaaaaa", rules);
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[1].begin, 2U);
  EXPECT_EQ(chunks[2].begin, 4U);
  EXPECT_EQ(chunks[2].end, 7U);
}

TEST(SplitterTest, ChineseMarksStayWithTheirSentence) {
  auto rules = *split_preset("zh");
  rules.size = 14;
  rules.overlap = 0;
  auto const chunks = split("他说：“今天天气很好！”我们去公园吧？好的，马上来。圆周率是3.14左右。", rules);
  EXPECT_THAT(texts(chunks), ElementsAre("他说：“今天天气很好！”", "我们去公园吧？好的，马上来。", "圆周率是3.14左右。"));
}

TEST(SplitterTest, EnglishSentencesEndAtTheirMarksAndNumbersStayWhole) {
  auto rules = *split_preset("en");
  rules.size = 24;
  rules.overlap = 0;
  EXPECT_THAT(texts(split("It costs 3.14 dollars. Really? Yes! Then take two of them.", rules)),
              ElementsAre("It costs 3.14 dollars.", "Really? Yes!", "Then take two of them."));
}

TEST(SplitterTest, GraphemesStayWholeWhenAsked) {
  SplitRules rules{.size = 4, .overlap = 0, .whole_graphemes = true};
  auto const family = std::string("👨‍👩‍👧");  // five code points, one character
  for (auto const& chunk : split(family + family + "ab", rules)) {
    EXPECT_TRUE(chunk.text == family || chunk.text == "ab") << chunk.text;
  }
  rules.whole_graphemes = false;
  EXPECT_NE(split(family, rules).front().text, family);
}

TEST(SplitterTest, SizesInTokensAreCountedByTheTokenizer) {
  SplitRules rules{.size = 3, .overlap = 0, .measure = Measure::tokens};
  rules.count_tokens = [](std::string_view text) { return (text.size() + 1) / 2; };
  EXPECT_THAT(texts(split("ab cd ef", rules)), ElementsAre("ab cd", "ef"));
}

TEST(SplitterTest, RefusesWhatHasNoMeaning) {
  auto const message = [](SplitRules rules) {
    auto const made = Splitter::make(std::move(rules));
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(message({.size = 0, .overlap = 0}), HasSubstr("above 0"));
  EXPECT_THAT(message({.size = 5, .overlap = 6}), HasSubstr("overlap"));
  EXPECT_THAT(message({.separators = {"(a"}, .regex = true}), HasSubstr("no regular expression"));
  EXPECT_THAT(message({.separators = {"(a)"}, .regex = true}), HasSubstr("(?:"));
  EXPECT_EQ(split_rules_from_json(json{{"chunk_sise", 3}}).error().message,
            "there is no parameter 'chunk_sise'; did you mean 'chunk_size'?");
  EXPECT_FALSE(split_rules_from_json(json{{"chunk_size", -3}}));
  EXPECT_FALSE(split_rules_from_json(json{{"preset", "klingon"}}));
}

TEST(SplitterTest, BlanksAreThoseOfPython) {
  EXPECT_THAT(texts(split("a\x1C"
                          "b c",
                          {.size = 1, .overlap = 0, .separators = {"\\s"}, .regex = true, .keep = Keep::none})),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts(split("a\x1C"
                          "b-c",
                          {.size = 1, .overlap = 0, .separators = {"[\\s-]"}, .regex = true, .keep = Keep::none})),
              ElementsAre("a", "b", "c"));
}

TEST(SplitterTest, ARegexThatRunsWildIsAnErrorNotAHang) {
  auto const splitter = Splitter::make({.size = 10, .overlap = 0, .separators = {"(?:a+)+[bc]", ""}, .regex = true});
  ASSERT_TRUE(splitter);
  EXPECT_FALSE(splitter->split(std::string(4000, 'a')));
}

TEST(SplitterTest, WhateverTheTextOffsetsPointAtTheChunk) {
  std::mt19937 random(7);
  std::u32string const alphabet = U"ab \n。，é漢👍\u200d\u3000";
  for (int round = 0; round < 3000; ++round) {
    std::u32string text;
    for (auto length = random() % 80; length > 0; --length) text += alphabet[random() % alphabet.size()];
    SplitRules rules;
    rules.size = 1 + random() % 12;
    rules.overlap = random() % (rules.size + 1);
    rules.keep = random() % 2 == 0 ? Keep::start : Keep::end;
    rules.whole_graphemes = random() % 2 == 0;
    rules.measure = static_cast<Measure>(random() % 5);
    std::size_t last = 0;
    for (auto const& chunk : split(core::encode_utf8(text), rules)) {
      ASSERT_EQ(slice(text, chunk), chunk.text);
      ASSERT_GE(chunk.begin, last);
      last = chunk.begin;
    }
  }
}

TEST(SplitterTest, MalformedBytesAreReplacedAndCounted) {
  auto const chunks = split(
      "a\xFF"
      "b c",
      {.size = 3, .overlap = 0});
  EXPECT_THAT(texts(chunks), ElementsAre("a\uFFFD"
                                         "b",
                                         "c"));
  EXPECT_EQ(chunks[1].begin, 4U);
}

}  // namespace
}  // namespace parley::knowledge
