#pragma once
// Digits as people write and say them: 138-0013-8000, 一三八 零零一三 八千零零零, "one three eight double zero".
#include <cstdint>
#include <vector>

#include "guard/normal_text.hpp"

namespace parley::guard {

struct Numeral {
  enum class Kind : std::uint8_t { written, han, english };
  std::uint8_t value = 0;  ///< 0–9; 10 is the X of a resident ID
  Kind kind = Kind::written;
  std::size_t begin = 0, end = 0;  ///< characters; several numerals of one word ("double zero") share them
};

/// Digits that stand together or are parted by a blank, a dash and the like, never by anything else.
struct NumeralChain {
  std::vector<Numeral> numerals;
  struct Group {
    std::size_t first = 0, size = 0;  ///< numerals without anything between them
    char32_t separator = 0;           ///< the first character between this group and the one before; 0 for the first group
    Numeral::Kind kind = Numeral::Kind::written;
  };
  std::vector<Group> groups;
  bool open = false;  ///< more text could continue it

  [[nodiscard]] std::size_t group_begin(std::size_t group) const { return numerals[groups[group].first].begin; }
  [[nodiscard]] std::size_t group_end(std::size_t group) const {
    return numerals[groups[group].first + groups[group].size - 1].end;
  }
};

/// All chains of the text, from the left. `final`: nothing follows, so none is open.
[[nodiscard]] std::vector<NumeralChain> numeral_chains(NormalText const& text, bool final);

}  // namespace parley::guard
