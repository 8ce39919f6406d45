#pragma once
// What the readers of both languages share: looking at a text and recognising how a number is written.
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace parley::speech {

/// Some text and a place in it. Looking outside gives U'\0'.
class TextScan {
 public:
  explicit TextScan(std::u32string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return place_ >= text_.size(); }
  [[nodiscard]] std::size_t place() const { return place_; }
  [[nodiscard]] char32_t look(std::ptrdiff_t offset = 0) const;
  [[nodiscard]] std::u32string_view rest(std::size_t offset = 0) const;
  [[nodiscard]] std::u32string_view before() const { return text_.substr(0, place_); }
  [[nodiscard]] bool sees(std::u32string_view word, std::size_t offset = 0) const { return rest(offset).starts_with(word); }
  void skip(std::size_t count);

 private:
  std::u32string_view text_;
  std::size_t place_ = 0;
};

/// "1,024.50": integer "1024", decimals "50".
struct Numeral {
  std::string integer;     ///< ASCII digits, at least one
  std::string decimals;    ///< ASCII digits, may be empty
  std::size_t length = 0;  ///< in characters of the text
  bool grouped = false;    ///< was written with thousands separators
  [[nodiscard]] bool is_plain() const { return decimals.empty() && !grouped; }
  [[nodiscard]] long value() const;  ///< of the integer; beyond nine digits: 1'000'000'000
};

/// The number that begins here. A dot belongs to it only with a digit behind it and no second dot ("1.2.3" is a version: 1).
[[nodiscard]] std::optional<Numeral> read_numeral(std::u32string_view text);
/// Digits alone, at most `most`.
[[nodiscard]] std::string read_digits(std::u32string_view text, std::size_t most = 64);

/// 2024-03-05, 2024/3/5, 2024.3.5: a year, a month and a day that exist.
struct Date {
  std::string year, month, day;
  std::size_t length = 0;
};
[[nodiscard]] std::optional<Date> read_date(std::u32string_view text);

/// 8:30, 20:15:30 (also with ：).
struct TimeOfDay {
  std::string hour, minute, second;  ///< `second` may be empty
  std::size_t length = 0;
};
[[nodiscard]] std::optional<TimeOfDay> read_time(std::u32string_view text);

/// "138-1234-5678", "+86 10 6552 9988", "(415) 555-2671", "13812345678": the groups of digits, or nothing when it is a number
/// like others.
struct PhoneNumber {
  std::u32string groups;  ///< digits, groups separated by spaces
  bool international = false;
  std::size_t length = 0;
};
[[nodiscard]] std::optional<PhoneNumber> read_phone(std::u32string_view text);

/// Whether a range's dash stands here ("-", "–", "~", "～", "—" or "至" with a digit behind it); its length, or 0.
[[nodiscard]] std::size_t range_dash(std::u32string_view text);

[[nodiscard]] bool is_word_character(char32_t c);  ///< a Latin letter or an ASCII digit

}  // namespace parley::speech
