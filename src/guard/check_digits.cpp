#include "guard/check_digits.hpp"

#include <algorithm>
#include <array>

namespace parley::guard {
namespace {

bool digits_only(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view digits) noexcept {
  int value = 0;
  for (char const c : digits) value = value * 10 + (c - '0');
  return value;
}

bool is_province(int code) noexcept {
  static constexpr std::array<std::pair<int, int>, 8> ranges{
      {{11, 15}, {21, 23}, {31, 37}, {41, 46}, {50, 54}, {61, 65}, {71, 71}, {81, 83}}};
  return std::ranges::any_of(ranges, [code](auto range) { return code >= range.first && code <= range.second; });
}

bool starts_within(std::string_view digits, std::size_t length, int low, int high) noexcept {
  auto const head = number(digits.substr(0, length));
  return head >= low && head <= high;
}

struct IbanLength {
  std::string_view country;
  std::size_t length;
};
// The registry of SWIFT, release 99.
constexpr IbanLength iban_lengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22}, {"BR", 29},
    {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29},
    {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28},
    {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20},
    {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
    {"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25},
    {"QA", 29}, {"RO", 24}, {"RS", 22}, {"SA", 24}, {"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
};

}  // namespace

bool is_resident_id(std::string_view id, std::chrono::year_month_day today) noexcept {
  if (id.size() != 18 || !digits_only(id.substr(0, 17)) || !is_province(number(id.substr(0, 2)))) return false;
  using namespace std::chrono;
  year_month_day const born{year{number(id.substr(6, 4))}, month{static_cast<unsigned>(number(id.substr(10, 2)))},
                            day{static_cast<unsigned>(number(id.substr(12, 2)))}};
  if (!born.ok() || born.year() < year{1900} || born > today) return false;
  static constexpr std::array<int, 17> weights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * (id[i] - '0');
  char const check = id[17] == 'x' ? 'X' : id[17];
  return check == std::string_view("10X98765432")[static_cast<std::size_t>(sum % 11)];
}

bool is_old_resident_id(std::string_view id) noexcept {
  if (id.size() != 15 || !digits_only(id) || !is_province(number(id.substr(0, 2)))) return false;
  using namespace std::chrono;
  return year_month_day{year{1900 + number(id.substr(6, 2))}, month{static_cast<unsigned>(number(id.substr(8, 2)))},
                        day{static_cast<unsigned>(number(id.substr(10, 2)))}}
      .ok();
}

bool is_social_credit_code(std::string_view code) noexcept {
  static constexpr std::string_view symbols = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  if (code.size() != 18 || !digits_only(code.substr(2, 6))) return false;
  int sum = 0;
  int weight = 1;
  for (std::size_t i = 0; i < 17; ++i) {
    auto const value = symbols.find(code[i]);
    if (value == std::string_view::npos) return false;
    sum += weight * static_cast<int>(value);
    weight = weight * 3 % 31;
  }
  return code[17] == symbols[static_cast<std::size_t>((31 - sum % 31) % 31)];
}

bool passes_luhn(std::string_view digits) noexcept {
  if (digits.empty() || !digits_only(digits)) return false;
  int sum = 0;
  bool twice = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, twice = !twice) {
    int const value = (*at - '0') * (twice ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0 && std::ranges::any_of(digits, [](char c) { return c != '0'; });
}

bool is_bank_card(std::string_view digits) noexcept {
  auto const length = digits.size();
  if (length < 13 || length > 19 || !passes_luhn(digits)) return false;
  if (digits.starts_with("62")) return length >= 16;                                                   // UnionPay
  if (digits.starts_with("4")) return length == 13 || length == 16 || length == 19;                    // Visa
  if (starts_within(digits, 2, 51, 55) || starts_within(digits, 4, 2221, 2720)) return length == 16;   // Mastercard
  if (digits.starts_with("34") || digits.starts_with("37")) return length == 15;                       // American Express
  if (starts_within(digits, 4, 3528, 3589)) return length == 16;                                       // JCB
  if (digits.starts_with("6011") || digits.starts_with("65") || starts_within(digits, 3, 644, 649)) {  // Discover
    return length == 16 || length == 19;
  }
  return digits.starts_with("9558") && length == 19;  // ICBC, older than UnionPay
}

bool is_iban(std::string_view iban) noexcept {
  if (iban.size() < 15 || !digits_only(iban.substr(2, 2))) return false;
  auto const known = std::ranges::find(iban_lengths, iban.substr(0, 2), &IbanLength::country);
  if (known == std::end(iban_lengths) || known->length != iban.size()) return false;
  int rest = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    char const c = iban[(i + 4) % iban.size()];  // the first four characters come last
    if (c >= '0' && c <= '9')
      rest = (rest * 10 + (c - '0')) % 97;
    else if (c >= 'A' && c <= 'Z')
      rest = (rest * 100 + (c - 'A' + 10)) % 97;
    else
      return false;
  }
  return rest == 1;
}

bool is_hong_kong_id(std::string_view id) noexcept {
  if (id.size() != 8 && id.size() != 9) return false;
  auto const letters = id.size() - 7;
  auto const upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!std::ranges::all_of(id.substr(0, letters), upper) || !digits_only(id.substr(letters, 6))) return false;
  int sum = letters == 1 ? 9 * 36 : 9 * (id[0] - 'A' + 10);  // a missing first letter counts as a blank, 36
  sum += 8 * (id[letters - 1] - 'A' + 10);
  for (std::size_t i = 0; i < 6; ++i) sum += static_cast<int>(7 - i) * (id[letters + i] - '0');
  char const check = id.back();
  if (check != 'A' && (check < '0' || check > '9')) return false;
  return (sum + (check == 'A' ? 10 : check - '0')) % 11 == 0;
}

bool is_taiwan_id(std::string_view id) noexcept {
  if (id.size() != 10 || !digits_only(id.substr(1)) || std::string_view("1289").find(id[1]) == std::string_view::npos) {
    return false;
  }
  auto const letter = std::string_view("ABCDEFGHJKLMNPQRSTUVXYWZIO").find(id[0]);  // 10, 11, … in this order
  if (letter == std::string_view::npos) return false;
  int const area = static_cast<int>(letter) + 10;
  int sum = area / 10 + 9 * (area % 10);
  for (std::size_t i = 1; i < 9; ++i) sum += static_cast<int>(9 - i) * (id[i] - '0');
  return (sum + (id[9] - '0')) % 10 == 0;
}

}  // namespace parley::guard
