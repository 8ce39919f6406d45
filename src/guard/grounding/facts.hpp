#pragma once
// What in a sentence can be compared literally: numbers, dates and names, in one form however they are written.
// 三百五十万 = 3.5 million = 3,500,000; 百分之二十 = 20%; 2024年5月3日 = May 3, 2024 = 2024-05-03.
#include <string>
#include <string_view>
#include <vector>

#include "guard/normal_text.hpp"

namespace parley::guard {

struct Fact {
  enum class Kind { number, date, name } kind = Kind::number;
  std::size_t begin = 0, end = 0;  ///< characters of the normalised text
  std::string form;                ///< number: "3500000", "20%"; date: "2024-5-3", "2024-5", "-5-3"; name: lower case
  double value = 0;                ///< of a number
  bool about = false;              ///< "some 3 million", 约三百万: near is near enough
};

[[nodiscard]] std::vector<Fact> facts_of(NormalText const& text);

/// Whether the source's fact says what the claim says. A date that leaves the year out agrees with one that has it.
[[nodiscard]] bool agrees(Fact const& claim, Fact const& source);

}  // namespace parley::guard
