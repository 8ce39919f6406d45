#pragma once
// Identifiers and secrets made from a seed, for tests: every one is valid by the rules of its kind.
#include <array>
#include <random>
#include <string>

#include "guard/check_digits.hpp"

namespace parley::guard::test {

struct Secret {
  std::string rule;
  std::string text;
};

class SecretMaker {
 public:
  explicit SecretMaker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  std::string of(std::string_view alphabet, std::size_t length) {
    std::string out;
    for (std::size_t i = 0; i < length; ++i) out += alphabet[below(alphabet.size())];
    return out;
  }
  std::string digits(std::size_t length) { return of("0123456789", length); }
  template <std::size_t N>
  std::string one_of(std::array<char const*, N> const& list) {
    return list[below(N)];
  }

  Secret make() {
    switch (below(14)) {
      case 0: return {"cn_id18", resident_id()};
      case 1: return {"cn_uscc", credit_code()};
      case 2: return {"bank_card", card()};
      case 3: return {"cn_mobile", mobile()};
      case 4: return {"cn_mobile", spoken(mobile(), true)};
      case 5: return {"cn_mobile", spoken(mobile(), false)};
      case 6:
        return {"email", of(letters, 5) + one_of(std::array{".", "_", "-", ""}) + digits(3) + "@" + of(letters, 6) + ".com.cn"};
      case 7: return {"iban", iban()};
      case 8:
        return {"ip", std::to_string(11 + below(100)) + "." + std::to_string(below(256)) + "." + std::to_string(below(256)) +
                          "." + std::to_string(below(255))};
      case 9: return {"cn_plate", std::string("京") + of("ABCDEFGH", 1) + of("0123456789", 5)};
      case 10: return {"cn_landline", "0" + std::string("10-") + "8" + digits(7)};
      case 11: return {"cn_passport", "E" + digits(8)};
      case 12: return {"cn_id18", disguised(resident_id())};
      default: return key();
    }
  }

  std::string resident_id() {
    for (;;) {
      auto const id = one_of(std::array{"110101", "310115", "440305", "500103", "650102"}) + std::to_string(1950 + below(60)) +
                      two(1 + below(12)) + two(1 + below(28)) + digits(3) + of("0123456789X", 1);
      if (is_resident_id(id, std::chrono::year{2026} / 1 / 1)) return id;
    }
  }
  std::string mobile() { return "1" + of("3456789", 1) + digits(9); }

  /// 一三八…, "one three eight …".
  std::string spoken(std::string_view digits, bool chinese) {
    static constexpr std::array zh{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    static constexpr std::array en{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    std::string out;
    for (char const c : digits) {
      if (!chinese && !out.empty()) out += ' ';
      out += chinese ? zh[static_cast<std::size_t>(c - '0')] : en[static_cast<std::size_t>(c - '0')];
    }
    return out;
  }

  /// Full-width, or with zero-width spaces, or in groups.
  std::string disguised(std::string const& digits) {
    auto const how = below(3);
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      if (how == 0) {
        out += digits[i] == 'X' ? "Ｘ" : "\xEF\xBC" + std::string(1, static_cast<char>(0x90 + (digits[i] - '0')));
        continue;
      }
      if (i > 0 && how == 1 && i % 3 == 0) out += "\xE2\x80\x8B";
      if (i > 0 && how == 2 && (i == 6 || i == 14)) out += ' ';
      out += digits[i];
    }
    return out;
  }

 private:
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  static constexpr std::string_view base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  static constexpr std::string_view hex = "0123456789abcdef";

  static std::string two(std::size_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

  std::string card() {
    for (;;) {
      auto number = one_of(std::array{"622202", "621700", "4111", "5212", "2221"});
      auto const length = number.starts_with("62") ? 19U : 16U;
      number += digits(length - number.size());
      if (!is_bank_card(number)) continue;
      if (below(2) == 0) return number;
      std::string grouped;
      for (std::size_t i = 0; i < number.size(); ++i) grouped += (i > 0 && i % 4 == 0 ? " " : "") + number.substr(i, 1);
      return grouped;
    }
  }
  std::string credit_code() {
    for (;;) {
      auto code = "91" + one_of(std::array{"110000", "310115", "440300"}) + of("0123456789ABCDEFGHJKLMNPQRTUWXY", 9);
      for (char const c : std::string_view("0123456789ABCDEFGHJKLMNPQRTUWXY")) {
        if (is_social_credit_code(code + c)) return code + c;
      }
    }
  }
  std::string iban() {
    for (;;) {
      auto const number = "DE" + digits(20);
      if (is_iban(number)) return number;
    }
  }
  Secret key() {
    switch (below(8)) {
      case 0: return {"secret.deepseek_or_dashscope", "sk-" + of(hex, 32)};
      case 1: return {"secret.moonshot_or_openai", "sk-" + of(base62, 48)};
      case 2: return {"secret.zhipu", of(hex, 32) + "." + of(base62, 16)};
      case 3: return {"secret.volcengine", "AKLT" + of(base62, 43)};
      case 4: return {"secret.tencent", "AKID" + of(base62, 32)};
      case 5: return {"secret.aws", "AKIA" + of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)};
      case 6: return {"secret.github", "ghp_" + of(base62, 36)};
      default: return {"secret.anthropic", "sk-ant-api03-" + of(base62, 93) + "AA"};
    }
  }

  std::mt19937 random_;
};

}  // namespace parley::guard::test
