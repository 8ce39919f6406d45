#include "speech/number_words.hpp"

#include <algorithm>
#include <array>

namespace parley::speech {
namespace {

constexpr std::array<std::string_view, 10> zh_digit{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
constexpr std::array<std::string_view, 4> zh_place{"", "十", "百", "千"};
constexpr std::array<std::string_view, 4> zh_group{"", "万", "亿", "万亿"};

constexpr std::array<std::string_view, 20> en_small{
    "zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
    "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 10> en_tens{"",      "",      "twenty",  "thirty", "forty",
                                                   "fifty", "sixty", "seventy", "eighty", "ninety"};
constexpr std::array<std::string_view, 5> en_group{"", "thousand", "million", "billion", "trillion"};

std::string_view without_leading_zeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

std::size_t value_of(char digit) { return static_cast<std::size_t>(digit - '0'); }

std::size_t number_of(std::string_view digits) {
  std::size_t value = 0;
  for (auto const c : digits) value = value * 10 + value_of(c);
  return value;
}

// Up to four digits; `inner` when a larger group stands before, so that a missing place is spoken as 零.
std::string chinese_group(std::string_view digits, bool inner) {
  std::string words;
  auto gap = false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    auto const place = digits.size() - 1 - i;
    auto const digit = value_of(digits[i]);
    if (digit == 0) {
      gap = true;
      continue;
    }
    if (gap && (inner || !words.empty())) words += zh_digit[0];
    gap = false;
    auto const bare_ten = place == 1 && digit == 1 && words.empty() && !inner;  // 十二, not 一十二
    if (!bare_ten) words += place == 3 && digit == 2 ? "两" : zh_digit[digit];
    words += zh_place[place];
  }
  return words;
}

void append_word(std::string& text, std::string_view word) {
  if (!text.empty() && !word.empty()) text += ' ';
  text += word;
}

std::string english_below_hundred(std::size_t value) {
  if (value < 20) return std::string(en_small[value]);
  std::string words(en_tens[value / 10]);
  if (value % 10 != 0) words.append("-").append(en_small[value % 10]);
  return words;
}

std::string english_below_thousand(std::size_t value) {
  std::string words;
  if (value >= 100) words = std::string(en_small[value / 100]) + " hundred";
  if (value % 100 != 0) append_word(words, english_below_hundred(value % 100));
  return words;
}

}  // namespace

std::string chinese_integer(std::string_view digits) {
  auto const significant = without_leading_zeros(digits);
  if (significant.empty()) return std::string(zh_digit[0]);
  if (significant.size() > 16) return chinese_digits(significant);
  std::string words;
  auto rest = significant;
  while (!rest.empty()) {
    auto const group = (rest.size() - 1) / 4;
    auto const digits_here = rest.substr(0, rest.size() - group * 4);
    rest.remove_prefix(digits_here.size());
    auto const plain_two = digits_here == "2" && group > 0;
    auto spoken = plain_two ? std::string("两") : chinese_group(digits_here, !words.empty());
    // 万亿 is 万 of 亿: the second word is spoken once, after the group behind it.
    if (!spoken.empty()) spoken += group == 3 && number_of(rest.substr(0, 4)) != 0 ? "万" : zh_group[group];
    words += spoken;
  }
  return words;
}

std::string chinese_digits(std::string_view digits, bool phone) {
  std::string words;
  for (auto const c : digits) words += phone && c == '1' ? "幺" : zh_digit[value_of(c)];
  return words;
}

std::string chinese_decimal(std::string_view integer, std::string_view decimals) {
  auto words = chinese_integer(integer);
  if (!decimals.empty()) words += "点" + chinese_digits(decimals);
  return words;
}

std::string english_integer(std::string_view digits) {
  auto rest = without_leading_zeros(digits);
  if (rest.empty()) return std::string(en_small[0]);
  if (rest.size() > 15) return english_digits(rest);
  std::string words;
  while (!rest.empty()) {
    auto const group = (rest.size() - 1) / 3;
    auto const here = rest.substr(0, rest.size() - group * 3);
    rest.remove_prefix(here.size());
    if (auto const spoken = english_below_thousand(number_of(here)); !spoken.empty()) {
      append_word(words, spoken);
      append_word(words, en_group[group]);
    }
  }
  return words;
}

std::string english_ordinal(std::string_view digits) {
  struct Irregular {
    std::string_view cardinal, ordinal;
  };
  static constexpr std::array<Irregular, 7> irregular{{{"one", "first"},
                                                       {"two", "second"},
                                                       {"three", "third"},
                                                       {"five", "fifth"},
                                                       {"eight", "eighth"},
                                                       {"nine", "ninth"},
                                                       {"twelve", "twelfth"}}};
  auto words = english_integer(digits);
  auto const last = words.find_last_of(" -") + 1;  // npos + 1 is the beginning
  auto const found = std::ranges::find(irregular, std::string_view(words).substr(last), &Irregular::cardinal);
  if (found != irregular.end()) return words.replace(last, std::string::npos, found->ordinal);
  if (words.ends_with('y')) return words.replace(words.size() - 1, 1, "ieth");
  return words + "th";
}

std::string english_year(std::string_view digits) {
  if (digits.size() != 4) return english_integer(digits);
  auto const high = number_of(digits.substr(0, 2));
  auto const low = number_of(digits.substr(2));
  if (high < 10 || high % 10 == 0) {
    if (low < 10 || high < 10) return english_integer(digits);  // two thousand five
  }
  if (low == 0) return english_below_hundred(high) + " hundred";
  if (low < 10) return english_below_hundred(high) + " oh " + std::string(en_small[low]);
  return english_below_hundred(high) + " " + english_below_hundred(low);
}

std::string english_digits(std::string_view digits) {
  std::string words;
  for (auto const c : digits) append_word(words, en_small[value_of(c)]);
  return words;
}

std::string english_decimal(std::string_view integer, std::string_view decimals) {
  auto words = english_integer(integer);
  if (!decimals.empty()) words += " point " + english_digits(decimals);
  return words;
}

}  // namespace parley::speech
