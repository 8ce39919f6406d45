#pragma once
// The operator's words: names, products, slurs. Chinese words stand anywhere, Latin ones between word borders. Blanks, points
// and the like between the characters hide nothing, nor do full-width forms and accents (normal_text.hpp); with `pinyin`, any
// Chinese character may also stand as its pinyin ("du博").
#include <string>
#include <unordered_map>
#include <vector>

#include "guard/policy.hpp"
#include "guard/segment.hpp"

namespace parley::guard {

class WordLists {
 public:
  explicit WordLists(std::vector<WordList> const& lists);

  void find(Segment const& segment, Findings& out) const;
  /// For the first look at a text: expressions that match wherever a word may begin. Bytes of UTF-8.
  [[nodiscard]] std::vector<std::string> triggers() const;
  [[nodiscard]] bool empty() const noexcept { return words_.empty(); }

 private:
  struct Word {
    std::u32string text;                 ///< normalised, lower case
    std::vector<std::u32string> pinyin;  ///< per character, empty without
    std::string list;
    bool latin = false;
  };
  enum class Outcome { none, open, found };
  struct Reading {
    Outcome outcome = Outcome::none;
    std::size_t end = 0;
  };
  [[nodiscard]] static Reading read(Word const& word, Segment const& segment, std::size_t at);

  std::vector<Word> words_;
  std::unordered_map<char32_t, std::vector<std::size_t>> by_first_;
};

}  // namespace parley::guard
