#pragma once
// Cuts what a language model writes into clauses to be spoken, while it is still writing. The first clause is small, because
// somebody waits for it; the later ones are larger, because whole sentences sound better.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::speech {

/// How long clauses should be, in beats: a Chinese character is one, a word of letters or a number is two.
struct ClauseLengths {
  int first_at_pause = 4;           ///< the first clause may end at a comma from here on
  int first_at_phrase = 8;          ///< and before a word that opens an English phrase ("in", "that", "is")
  int first_at_chinese_phrase = 5;  ///< or a Chinese one ("可以", "因为", "是一")
  int later_at_pause = 16;          ///< a later one
  int later_at_end = 6;             ///< a later sentence shorter than this is joined to the next
  int first_longest = 40;           ///< without any mark, the first is cut between words here
  int later_longest = 100;
};

/// A value; one per answer. The clauses joined are the text as written, byte for byte.
class ClauseCutter {
 public:
  explicit ClauseCutter(ClauseLengths lengths = {}) : lengths_(lengths) {}

  /// The clauses that are complete with this piece. Pieces may be cut anywhere, inside a character too.
  [[nodiscard]] std::vector<std::string> push(std::string_view delta);
  /// What is left; afterwards it is as new.
  [[nodiscard]] std::vector<std::string> finish();

 private:
  enum class Mark { none, pause, end };
  void take(std::string_view bytes, char32_t c, std::vector<std::string>& out);
  void count(char32_t c);
  void settle(std::vector<std::string>& out);
  void cut(std::vector<std::string>& out);
  [[nodiscard]] bool long_enough(Mark mark) const;
  [[nodiscard]] Mark mark_of(char32_t c) const;
  [[nodiscard]] bool ends_in_abbreviation() const;
  [[nodiscard]] bool surely_ends() const;
  void look_for_phrase(std::vector<std::string>& out);
  void look_for_chinese_phrase(std::vector<std::string>& out);
  void cut_before(std::size_t begin, int beats, std::vector<std::string>& out);

  ClauseLengths lengths_;
  std::string broken_;  // bytes of a character that is not complete
  std::string clause_;
  std::size_t word_begin_ = 0;  // of the last word in clause_
  int beats_ = 0;
  bool in_word_ = false;
  bool first_ = true;
  Mark mark_ = Mark::none;    // the clause ends in this mark, and what follows decides
  bool needs_space_ = false;  // an ASCII mark counts only before a space: 3.5, 1,024, example.com
};

}  // namespace parley::speech
