#pragma once
// The unit the detectors work on, and what they say about it. A detector is a function
//
//   void find_x(Segment const& segment, Findings& out);
//
// that reports every hit and, unless the segment is final, the earliest character from which a hit may still begin or grow when
// more text comes. It decides by the text from at most `look_back` characters before a hit's start; so a segment may be trimmed
// in front while a text streams, and the result stays the same.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "guard/normal_text.hpp"
#include "guard/rule.hpp"

namespace parley::guard {

inline constexpr std::size_t look_back = 64;  ///< characters of normalised text

struct Candidate {
  Rule rule;
  std::size_t begin = 0, end = 0;  ///< characters of the normalised text
  float score = 0;                 ///< of two that overlap, the higher one stays; then the longer one
  std::string detail;              ///< secret.<detail>, word.<detail>
};

struct Findings {
  std::vector<Candidate> candidates;
  std::size_t pending = 0;  ///< set to the length of the segment by the scanner, lowered by `hold`

  void hold(std::size_t from) noexcept { pending = pending < from ? pending : from; }
  void add(Rule rule, std::size_t begin, std::size_t end, float score, std::string detail = {}) {
    candidates.push_back({rule, begin, end, score, std::move(detail)});
  }
};

struct Segment {
  NormalText const& text;
  bool final = false;  ///< nothing follows
  std::chrono::year_month_day today{};
};

void find_numbers(Segment const& segment, Findings& out);  ///< IDs, cards, telephones: written, grouped or spoken
void find_codes(Segment const& segment, Findings& out);    ///< credit code, IBAN, passport, plate, IP, e-mail
void find_secrets(Segment const& segment, Findings& out);  ///< keys, tokens, entropy
/// Of a run of letters, digits and joining signs in the raw text: whether `find_secrets` could find anything in it.
[[nodiscard]] bool may_be_secret(std::string_view run) noexcept;
void find_private_keys(Segment const& segment, Findings& out);  ///< PEM
void find_phrases(Segment const& segment, Findings& out);       ///< 身份证号：…, password is …

}  // namespace parley::guard
