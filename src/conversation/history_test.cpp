#include "conversation/history.hpp"

#include <gmock/gmock.h>

#include "conversation/playout.hpp"
#include "conversation/words.hpp"

namespace parley::conversation {
namespace {

using audio::Spoken;
using testing::SizeIs;

core::Instant at(int ms) { return core::Instant{} + std::chrono::hours(1) + std::chrono::milliseconds(ms); }

TEST(Playout, a_player_plays_in_real_time_what_it_was_given_ahead) {
  Playout p;
  EXPECT_EQ(p.heard(at(0)).ms(), 0);
  p.hand_over(at(0), core::Instant::min(), Spoken::from_ms(1000));
  p.hand_over(at(10), p.over_at(), Spoken::from_ms(1000));
  EXPECT_EQ(p.handed_over().ms(), 2000);
  EXPECT_EQ(p.heard(at(500)).ms(), 500);
  EXPECT_EQ(p.heard(at(1500)).ms(), 1500);
  EXPECT_EQ(p.heard(at(9000)).ms(), 2000);
  EXPECT_EQ(p.over_at(), at(2000));
}

TEST(Playout, a_gap_is_not_heard_and_what_is_before_it_in_the_player_comes_first) {
  Playout p;
  p.hand_over(at(0), at(300), Spoken::from_ms(100));
  EXPECT_EQ(p.heard(at(300)).ms(), 0);
  p.hand_over(at(1000), p.over_at(), Spoken::from_ms(100));
  EXPECT_EQ(p.heard(at(900)).ms(), 100);
  EXPECT_EQ(p.heard(at(1050)).ms(), 150);
}

TEST(HeardText, is_cut_before_the_word_that_was_not_finished) {
  EXPECT_EQ(cut_at_word("Hello there friend", 8), "Hello");
  EXPECT_EQ(cut_at_word("Hello there friend", 11), "Hello there");
  EXPECT_EQ(cut_at_word("don't stop", 4), "");
  EXPECT_EQ(cut_at_word("今天天气很好", 4), "今天天气");
  EXPECT_EQ(cut_at_word("我用Python写", 5), "我用");
  EXPECT_EQ(cut_at_word("abc", 99), "abc");
  EXPECT_EQ(cut_at_word("", 3), "");
}

TEST(HeardText, follows_the_sample_counts_of_the_clauses) {
  std::string const text = "你好，今天天气很好。";
  HeardText heard;
  heard.add_clause(std::string("你好，").size());
  heard.add_clause(text.size());
  heard.add_sound(0, Spoken::from_ms(600));
  heard.complete(0);
  heard.add_sound(1, Spoken::from_ms(1400));
  heard.complete(1);
  EXPECT_EQ(heard.heard(text, Spoken::from_ms(0)), "");
  EXPECT_EQ(heard.heard(text, Spoken::from_ms(400)), "你好");
  EXPECT_EQ(heard.heard(text, Spoken::from_ms(600)), "你好，");
  EXPECT_EQ(heard.heard(text, Spoken::from_ms(1300)), "你好，今天天");
  EXPECT_EQ(heard.heard(text, Spoken::from_ms(2000)), text);
}

TEST(HeardText, estimates_a_clause_whose_sound_is_not_complete) {
  std::string const text = "我们一起去公园散步";  // nine characters, two seconds
  HeardText heard;
  heard.add_clause(text.size());
  heard.add_sound(0, Spoken::from_ms(500));
  EXPECT_EQ(heard.heard(text, Spoken::from_ms(500)), "我们");
}

TEST(Words, are_letters_of_any_script) {
  for (auto const* text : {"你好", "hi", "42", "привет", "こんにちは", "안녕", "é"}) EXPECT_TRUE(has_words(text)) << text;
  for (auto const* text : {"", " ", "。", "…", "😀", "—", "?!", "👍🏽", "\xff\xfe"}) EXPECT_FALSE(has_words(text)) << text;
}

TEST(History, gives_the_model_a_window_whose_beginning_seldom_moves) {
  History history;
  std::string const long_text = std::string(400, 'a');  // 100 tokens
  std::size_t moves = 0;
  std::string first;
  for (int i = 0; i < 200; ++i) {
    History::Entry entry;
    entry.item.id = "i" + std::to_string(i);
    entry.item.text = std::to_string(i) + long_text;
    history.append(std::move(entry));
    auto const messages = history.messages("You are Fawn.", "en");
    EXPECT_LE(messages.size(), 32U);
    EXPECT_EQ(messages.front().speaker, language::Speaker::system);
    if (messages[1].text != first) ++moves;
    first = messages[1].text;
  }
  EXPECT_LE(moves, 15U);
  EXPECT_THAT(history.entries(), SizeIs(200));
}

TEST(History, the_last_item_is_always_in_the_window) {
  History history;
  History::Entry entry;
  entry.item.id = "huge";
  for (int i = 0; i < 5000; ++i) entry.item.text += "长";
  history.append(entry);
  EXPECT_THAT(history.messages("", "zh"), SizeIs(1));
}

TEST(History, tokens_are_estimated_by_script) {
  EXPECT_EQ(estimated_tokens("你好，"), 3);
  EXPECT_EQ(estimated_tokens("four"), 1);
  EXPECT_EQ(estimated_tokens(""), 0);
}

}  // namespace
}  // namespace parley::conversation
