#include "speech/text_scan.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace parley::speech {
namespace {

using core::is_ascii_digit;

char32_t at(std::u32string_view text, std::size_t i) { return i < text.size() ? text[i] : U'\0'; }

std::size_t count_digits(std::u32string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_ascii_digit) - text.begin());
}

std::string narrow(std::u32string_view digits) {
  std::string out;
  for (auto const c : digits) out.push_back(static_cast<char>(c));
  return out;
}

bool is_between(std::string const& digits, int least, int most) {
  auto const value = digits.empty() || digits.size() > 4 ? -1 : std::stoi(digits);
  return value >= least && value <= most;
}

// Mobile numbers of China, numbers with a leading zero, and what is too long and too uneven for a quantity.
bool reads_as_digits(std::string_view digits) {
  if (digits.size() >= 2 && digits[0] == '0') return true;
  if (digits.size() == 11 && digits[0] == '1' && digits[1] >= '3') return true;
  return digits.size() >= 10 && !digits.ends_with("0000");
}

}  // namespace

char32_t TextScan::look(std::ptrdiff_t offset) const {
  auto const where = static_cast<std::ptrdiff_t>(place_) + offset;
  return where < 0 ? U'\0' : at(text_, static_cast<std::size_t>(where));
}

std::u32string_view TextScan::rest(std::size_t offset) const { return text_.substr(std::min(place_ + offset, text_.size())); }

void TextScan::skip(std::size_t count) { place_ = std::min(place_ + count, text_.size()); }

long Numeral::value() const { return integer.size() > 9 ? 1'000'000'000 : std::stol(integer); }

std::string read_digits(std::u32string_view text, std::size_t most) {
  return narrow(text.substr(0, std::min(count_digits(text), most)));
}

std::optional<Numeral> read_numeral(std::u32string_view text) {
  auto length = count_digits(text);
  if (length == 0) return std::nullopt;
  Numeral numeral{.integer = narrow(text.substr(0, length)), .decimals = {}, .length = 0, .grouped = false};
  auto const group_follows = [&] { return at(text, length) == U',' && count_digits(text.substr(length + 1)) == 3; };
  if (length <= 3 && text[0] != U'0') {
    while (group_follows()) {
      numeral.integer += narrow(text.substr(length + 1, 3));
      numeral.grouped = true;
      length += 4;
    }
  }
  if (at(text, length) == U'.') {
    auto const decimals = count_digits(text.substr(length + 1));
    auto const behind = length + 1 + decimals;
    auto const another = at(text, behind) == U'.' && is_ascii_digit(at(text, behind + 1));
    if (decimals > 0 && !another) {
      numeral.decimals = narrow(text.substr(length + 1, decimals));
      length = behind;
    }
  }
  numeral.length = length;
  return numeral;
}

std::optional<Date> read_date(std::u32string_view text) {
  Date date;
  date.year = read_digits(text);
  auto const separator = at(text, 4);
  if (date.year.size() != 4 || (separator != U'-' && separator != U'/' && separator != U'.')) return std::nullopt;
  date.month = read_digits(text.substr(5));
  auto const second = 5 + date.month.size();
  if (at(text, second) != separator || !is_between(date.month, 1, 12)) return std::nullopt;
  date.day = read_digits(text.substr(second + 1));
  date.length = second + 1 + date.day.size();
  if (!is_between(date.day, 1, 31) || date.month.size() > 2 || date.day.size() > 2 || at(text, date.length) == separator) {
    return std::nullopt;
  }
  return date;
}

std::optional<TimeOfDay> read_time(std::u32string_view text) {
  auto const is_colon = [&](std::size_t i) { return at(text, i) == U':' || at(text, i) == U'：'; };
  TimeOfDay time;
  time.hour = read_digits(text);
  if (time.hour.size() > 2 || !is_between(time.hour, 0, 24) || !is_colon(time.hour.size())) return std::nullopt;
  time.length = time.hour.size() + 1;
  time.minute = read_digits(text.substr(time.length));
  if (time.minute.size() != 2 || !is_between(time.minute, 0, 59)) return std::nullopt;
  time.length += 2;
  if (is_colon(time.length)) {
    time.second = read_digits(text.substr(time.length + 1));
    if (time.second.size() != 2 || !is_between(time.second, 0, 59)) return std::nullopt;
    time.length += 3;
  }
  return at(text, time.length) == U'.' && is_ascii_digit(at(text, time.length + 1)) ? std::nullopt : std::optional(time);
}

std::optional<PhoneNumber> read_phone(std::u32string_view text) {
  PhoneNumber phone;
  std::size_t place = 0, groups = 0, digits = 0;
  phone.international = at(text, 0) == U'+';
  if (phone.international) ++place;
  auto const bracket = at(text, place) == U'(' || at(text, place) == U'（';
  if (bracket) ++place;
  while (auto const count = count_digits(text.substr(std::min(place, text.size())))) {
    if (count > 11 && groups > 0) return std::nullopt;
    if (groups++ > 0) phone.groups += U' ';
    phone.groups += text.substr(place, count);
    digits += count;
    place += count;
    phone.length = place;
    auto next = place;
    if (groups == 1 && bracket) {
      if (at(text, next) != U')' && at(text, next) != U'）') return std::nullopt;
      ++next;
    }
    if (at(text, next) == U'-' || (at(text, next) == U' ' && (phone.international || bracket))) ++next;
    if (next == place) break;
    place = next;
  }
  auto const behind = at(text, phone.length);
  if (is_word_character(behind) || (behind == U'.' && is_ascii_digit(at(text, phone.length + 1)))) return std::nullopt;
  if (phone.international || bracket) return digits >= 7 && groups > (bracket ? 1U : 0U) ? std::optional(phone) : std::nullopt;
  if (groups == 1) return reads_as_digits(narrow(phone.groups)) ? std::optional(phone) : std::nullopt;
  return digits >= 7 && groups <= 5 && (groups > 2 || phone.groups[0] == U'0' || digits >= 10) ? std::optional(phone)
                                                                                               : std::nullopt;
}

std::size_t range_dash(std::u32string_view text) {
  constexpr std::u32string_view dashes = U"-–—~～至到";
  auto const first = at(text, 0);
  if (first == U'\0' || dashes.find(first) == std::u32string_view::npos) return 0;
  return is_ascii_digit(at(text, 1)) ? 1 : 0;
}

bool is_word_character(char32_t c) { return core::is_latin_letter(c) || is_ascii_digit(c); }

}  // namespace parley::speech
