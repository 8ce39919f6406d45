#include <algorithm>
#include <array>

#include "core/utf8.hpp"
#include "speech/number_words.hpp"
#include "speech/spoken_english_words.hpp"
#include "speech/spoken_text.hpp"
#include "speech/text_scan.hpp"

namespace parley::speech {
namespace {

using core::is_ascii_digit;
using core::is_latin_letter;
using namespace english;

constexpr auto npos = std::u32string_view::npos;

bool is_year(std::string const& digits) { return digits.size() == 4 && digits >= "1100" && digits < "2100"; }

class EnglishReader {
 public:
  explicit EnglishReader(std::u32string_view text) : scan_(text) {}

  std::string read() {
    while (!scan_.at_end()) {
      if (abbreviation() || money() || date() || phone() || time() || fraction() || negative() || quantity() || symbol())
        continue;
      core::append_utf8(out_, scan_.look());
      scan_.skip(1);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool digit_begins() const {
    return is_ascii_digit(scan_.look()) && !is_ascii_digit(scan_.look(-1)) && !is_latin_letter(scan_.look(-1)) &&
           !(scan_.look(-1) == U'-' && is_word_character(scan_.look(-2))) &&
           !(scan_.look(-1) == U'.' && is_ascii_digit(scan_.look(-2)));
  }
  [[nodiscard]] char32_t ahead(std::size_t offset) const { return scan_.look(static_cast<std::ptrdiff_t>(offset)); }
  void say(std::string const& words, std::size_t length) {
    out_ += words;
    scan_.skip(length);
    if (is_word_character(scan_.look()) && !words.empty() && words.back() != ' ') out_ += ' ';
  }
  static std::string number(Numeral const& n) { return english_decimal(n.integer, n.decimals); }

  bool abbreviation() {
    if (is_word_character(scan_.look(-1)) || !is_latin_letter(scan_.look())) return false;
    if (scan_.sees(U"No. ") && is_ascii_digit(scan_.look(4))) return say("number ", 4), true;
    auto const* const found = find_prefix(abbreviations, scan_.rest());
    if (found == nullptr) return false;
    auto const length = found->written.size();
    auto const ends_in_letter = is_latin_letter(found->written.back());
    if (ends_in_letter && is_word_character(ahead(length))) return false;
    // The dot may end the sentence too; then the pause stays.
    auto const last = scan_.rest(length).empty() && found->written.back() == U'.';
    say(std::string(found->spoken) + (last ? "." : ""), length);
    return true;
  }

  bool money() {
    if (is_latin_letter(scan_.look(-1))) return false;
    auto const* const sign = find_prefix(currencies, scan_.rest());
    auto length = sign == nullptr ? 0 : sign->written.size();
    auto const amount = sign == nullptr ? std::nullopt : read_numeral(scan_.rest(length));
    if (!amount) return false;
    length += amount->length;
    if (auto const size = magnitude(length); !size.empty()) {
      length += size.front() == ' ' ? size.size() : 1;
      say(number(*amount) + (size.front() == ' ' ? "" : " ") + size + " " + std::string(sign->many), length);
      return true;
    }
    auto const whole = std::string(amount->integer == "1" ? sign->one : sign->many);
    if (amount->decimals.size() != 2) {
      say(number(*amount) + " " + (amount->decimals.empty() ? whole : std::string(sign->many)), length);
      return true;
    }
    auto const cents = amount->decimals == "00"
                           ? ""
                           : english_integer(amount->decimals) + " " +
                                 std::string(amount->decimals == "01" ? sign->small_one : sign->small_many);
    auto words = amount->value() == 0 && !cents.empty() ? "" : english_integer(amount->integer) + " " + whole;
    if (!words.empty() && !cents.empty()) words += " and ";
    say(words + cents, length);
    return true;
  }

  // "million" for $5M, " million" for $5 million
  [[nodiscard]] std::string magnitude(std::size_t offset) const {
    for (std::string_view const word : {" thousand", " million", " billion", " trillion"}) {
      if (scan_.sees(core::decode_utf8(word), offset)) return std::string(word);
    }
    auto const* const letter = find_prefix(magnitudes, scan_.rest(offset));
    return letter != nullptr && !is_word_character(ahead(offset + 1)) ? std::string(letter->spoken) : std::string();
  }

  bool phone() {
    auto const opens =
        (scan_.look() == U'+' || scan_.look() == U'(') && is_ascii_digit(scan_.look(1)) && !is_word_character(scan_.look(-1));
    if (!digit_begins() && !opens) return false;
    auto const number = read_phone(scan_.rest());
    if (!number) return false;
    std::string words = number->international ? "plus " : "";
    auto pause = true;
    for (auto const c : number->groups) {
      if (c == U' ') {
        words += ",";
        pause = false;
        continue;
      }
      words +=
          (pause && (words.empty() || words.back() == ' ') ? "" : " ") + english_digits(std::string(1, static_cast<char>(c)));
      pause = false;
    }
    say(words, number->length);
    return true;
  }

  static std::string spoken_date(std::string const& year, std::string const& month, std::string const& day) {
    return std::string(month_names[static_cast<std::size_t>(std::stoi(month)) - 1]) + " " + english_ordinal(day) + ", " +
           english_year(year);
  }

  bool date() {
    if (!digit_begins()) return false;
    if (auto const found = read_date(scan_.rest()))
      return say(spoken_date(found->year, found->month, found->day), found->length), true;
    return american_date() || day_of_month() || year();
  }

  bool american_date() {
    auto const month = read_digits(scan_.rest());
    if (month.size() > 2 || ahead(month.size()) != U'/') return false;
    auto const day = read_digits(scan_.rest(month.size() + 1));
    auto const second = month.size() + 1 + day.size();
    auto const year = read_digits(scan_.rest(second + 1));
    if (ahead(second) != U'/' || day.empty() || day.size() > 2 || year.size() != 4) return false;
    auto const m = std::stoi(month), d = std::stoi(day);
    if (m < 1 || m > 12 || d < 1 || d > 31) return false;
    say(spoken_date(year, month, day), second + 5);
    return true;
  }

  [[nodiscard]] bool month_before() const {
    return std::ranges::any_of(month_names, [&](auto name) { return out_.ends_with(std::string(name) + " "); });
  }

  // March 5, 2024
  bool day_of_month() {
    auto const day = read_digits(scan_.rest());
    if (day.size() > 2 || !month_before() || day == "0" || day == "00" || std::stoi(day) > 31) return false;
    auto const behind = ahead(day.size());
    if (is_latin_letter(behind) || ((behind == U':' || behind == U'.') && is_ascii_digit(ahead(day.size() + 1)))) return false;
    say(english_ordinal(day), day.size());
    auto const comma = scan_.sees(U", ") ? 2U : scan_.sees(U" ") ? 1U : 0U;
    if (auto const digits = read_digits(scan_.rest(comma)); comma > 0 && is_year(digits)) {
      say(", " + english_year(digits), comma + 4);
    }
    return true;
  }

  bool year() {
    auto const digits = read_digits(scan_.rest());
    if (!is_year(digits) || (ahead(4) == U'.' && is_ascii_digit(ahead(5)))) return false;
    if (ahead(4) == U's' && !is_word_character(ahead(5))) {
      auto words = english_year(digits);
      words = words.ends_with('y') ? words.substr(0, words.size() - 1) + "ies" : words + "s";
      say(words, 5);
      return true;
    }
    auto const dash = range_dash(scan_.rest(4));
    auto const last = dash > 0 ? read_digits(scan_.rest(4 + dash)) : std::string();
    if (is_year(last)) return say(english_year(digits) + " to " + english_year(last), 8 + dash), true;
    auto const before = scan_.before();
    auto const end = before.find_last_not_of(U' ');
    if (end == npos || end + 1 == before.size() || is_word_character(ahead(4)) || ahead(4) == U'%') return false;
    auto const begin = before.substr(0, end + 1).find_last_of(U' ');
    auto const word = before.substr(begin == npos ? 0 : begin + 1, end - (begin == npos ? 0 : begin + 1) + 1);
    auto const lower = [&] {
      std::u32string w(word);
      if (!w.empty() && w[0] >= U'A' && w[0] <= U'Z') w[0] += 32;
      return w;
    }();
    if (!month_before() && std::ranges::find(year_follows, std::u32string_view(lower)) == year_follows.end()) return false;
    say(english_year(digits), 4);
    return true;
  }

  bool time() {
    if (!digit_begins()) return false;
    auto const found = read_time(scan_.rest());
    if (!found) {
      auto const hour = read_digits(scan_.rest());
      auto const half = half_of_day(hour.size());
      if (hour.size() > 2 || half.second == 0 || std::stoi(hour) > 12) return false;
      say(english_integer(hour) + " " + half.first, hour.size() + half.second);
      return true;
    }
    auto words = english_integer(found->hour);
    auto const half = half_of_day(found->length);
    if (found->minute[0] == '0' && found->minute != "00") words += " oh";
    if (found->minute != "00") words += " " + english_integer(found->minute);
    if (found->minute == "00" && half.second == 0) words += std::stoi(found->hour) > 12 ? " hundred" : " o'clock";
    if (!found->second.empty())
      words += " and " + english_integer(found->second) + (found->second == "01" ? " second" : " seconds");
    if (half.second > 0) words += " " + half.first;
    say(words, found->length + half.second);
    return true;
  }

  // "am", " PM", "p.m." behind an hour, and its length
  [[nodiscard]] std::pair<std::string, std::size_t> half_of_day(std::size_t offset) const {
    auto const space = ahead(offset) == U' ' ? 1U : 0U;
    for (auto const& [written, spoken] :
         std::array<Word, 6>{{{U"a.m.", "AM"}, {U"p.m.", "PM"}, {U"am", "AM"}, {U"pm", "PM"}, {U"AM", "AM"}, {U"PM", "PM"}}}) {
      if (!scan_.sees(written, offset + space) || is_word_character(ahead(offset + space + written.size()))) continue;
      auto const dotted = written.size() == 4;
      auto const ends = dotted && scan_.rest(offset + space + written.size()).empty();  // keeps the full stop
      return {std::string(spoken) + (ends ? "." : ""), space + written.size()};
    }
    return {{}, 0};
  }

  bool fraction() {
    if (!digit_begins()) return false;
    auto const upper = read_digits(scan_.rest());
    if (ahead(upper.size()) != U'/') return false;
    auto const lower = read_digits(scan_.rest(upper.size() + 1));
    auto const length = upper.size() + 1 + lower.size();
    if (lower.empty() || upper.size() > 3 || lower.size() > 3 || ahead(length) == U'/' || scan_.look(-1) == U'/') return false;
    auto const n = std::stoi(upper), d = std::stoi(lower);
    auto const top = english_integer(upper);
    auto words = d == 2   ? top + (n == 1 ? " half" : " halves")
                 : d == 4 ? top + (n == 1 ? " quarter" : " quarters")
                          : std::string();
    if (n == 24 && d == 7) words = "twenty-four seven";
    if (words.empty() && d >= 3 && d <= 20 && n < d) words = top + " " + english_ordinal(lower) + (n == 1 ? "" : "s");
    if (words.empty()) words = top + " over " + english_integer(lower);
    say(words, length);
    return true;
  }

  bool negative() {
    auto const sign = scan_.look();
    auto const before = scan_.look(-1);
    if ((sign != U'-' && sign != U'−') || !is_ascii_digit(scan_.look(1)) || is_word_character(before) || before == U')')
      return false;
    out_ += "minus ";
    scan_.skip(1);
    return true;
  }

  bool quantity() {
    if (!is_ascii_digit(scan_.look())) return false;
    if (!digit_begins()) return name_digits();
    auto const first = *read_numeral(scan_.rest());
    if (first.is_plain() && ordinal(first)) return true;
    auto const percent = ahead(first.length) == U'%' ? 1U : 0U;
    auto const dash = range_dash(scan_.rest(first.length + percent));
    auto const upper = dash > 0 ? read_numeral(scan_.rest(first.length + percent + dash)) : std::nullopt;
    if (upper && range_dash(scan_.rest(first.length + percent + dash + upper->length)) == 0) {
      auto const end = first.length + percent + dash + upper->length;
      auto const sum = scan_.rest(end).substr(0, 2).find(U'=') != npos;
      say(number(first) + (sum ? " minus " : " to ") + number(*upper), end);
      unit(false);
      return true;
    }
    say_plain(first);
    unit(first.is_plain() && first.integer == "1");
    return true;
  }

  // No space is forced behind the number here: "5km" gets the unit's name first.
  void say_plain(Numeral const& numeral) {
    out_ += number(numeral);
    scan_.skip(numeral.length);
  }

  bool ordinal(Numeral const& numeral) {
    auto const n = numeral.length;
    auto const ending = scan_.sees(U"st", n) || scan_.sees(U"nd", n) || scan_.sees(U"rd", n) || scan_.sees(U"th", n);
    if (!ending || is_word_character(ahead(n + 2))) return false;
    say(english_ordinal(numeral.integer), n + 2);
    return true;
  }

  // Behind a letter, a dot or a dash digits are part of a name: GPT-4, T430, 1.2.3
  bool name_digits() {
    auto const digits = read_digits(scan_.rest());
    if (is_word_character(scan_.look(-1)) && !out_.empty() && out_.back() != ' ') out_ += ' ';
    say(digits.size() <= 2 && digits[0] != '0' ? english_integer(digits) : english_digits(digits), digits.size());
    return true;
  }

  void unit(bool one) {
    if (scan_.look() == U'%') return say(" percent", 1);
    auto const space = scan_.look() == U' ' ? 1U : 0U;
    auto const* found = find_prefix(units, scan_.rest(space));
    if (found == nullptr && space == 0) found = find_prefix(short_units, scan_.rest());
    if (found != nullptr && !is_word_character(ahead(space + found->written.size()))) {
      return say(" " + std::string(one ? found->one : found->many), space + found->written.size());
    }
    if (auto const size = space == 0 ? magnitude(0) : std::string(); !size.empty() && size.front() != ' ')
      return say(" " + size, 1);
    if (is_latin_letter(scan_.look())) out_ += ' ';  // 3D
  }

  bool symbol() {
    auto const c = scan_.look();
    auto const spaced = scan_.look(-1) == U' ';
    auto const before = scan_.look(spaced ? -2 : -1);
    auto const after = scan_.look(scan_.look(1) == U' ' ? 2 : 1);
    auto const operands = is_word_character(before) && is_word_character(after);
    auto const padded = [&](std::string const& word) {
      out_ += (spaced || out_.empty() ? "" : " ") + word;
      scan_.skip(1);
      if (scan_.look() != U' ' && !scan_.at_end()) out_ += ' ';
      return true;
    };
    auto const between_digits = is_ascii_digit(before) && is_ascii_digit(after);
    if (c == U'.' && is_ascii_digit(scan_.look(-1)) && is_ascii_digit(scan_.look(1))) return padded("point");
    if (c == U'&') return padded("and");
    if (c == U'@') return padded("at");
    if (c == U'%') return padded("percent");
    if (c == U'#' && is_ascii_digit(scan_.look(1))) return padded("number");
    if (c == U'+' && operands) return padded("plus");
    if ((c == U'=' || c == U'≈') && operands) return padded(c == U'=' ? "equals" : "is about");
    if ((c == U'×' || c == U'*') && operands) return padded("times");
    if (c == U'÷' && operands) return padded("divided by");
    if (c == U'-' && spaced && scan_.look(1) == U' ') {
      if (between_digits) return padded("minus");
      if (!out_.empty() && out_.back() == ' ') out_.pop_back();
      return say(",", 1), true;
    }
    if ((c == U'<' || c == U'>') && operands) return padded(c == U'<' ? "less than" : "greater than");
    constexpr std::u32string_view silent = U"#*+=<>×÷≈^";
    if (silent.find(c) == npos) return false;
    scan_.skip(1);
    return true;
  }

  TextScan scan_;
  std::string out_;
};

}  // namespace

std::string spoken_english(std::u32string_view plain) { return EnglishReader(plain).read(); }

}  // namespace parley::speech
