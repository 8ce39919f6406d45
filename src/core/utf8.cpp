#include "core/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace parley::core {
namespace {

constexpr char32_t replacement = 0xFFFD;

struct Decoded {
  char32_t c = replacement;
  std::size_t length = 1;  // bytes used; 1 for a malformed byte
  bool valid = false;
  bool cut = false;  // the bytes end inside what may still become a character
};

constexpr std::size_t expected_length(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The second byte alone tells overlong forms, surrogates and what lies above U+10FFFF (Unicode, table 3-7).
constexpr bool second_byte_fits(unsigned char lead, unsigned char second) noexcept {
  switch (lead) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return second >= 0x80 && second <= 0xBF;
  }
}

Decoded decode_one(std::string_view bytes) noexcept {
  auto const at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  auto const lead = at(0);
  auto const length = expected_length(lead);
  if (length == 0) return {};
  if (length == 1) return {.c = lead, .length = 1, .valid = true, .cut = false};
  auto c = static_cast<char32_t>(lead & (0xFFU >> (length + 1)));
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= bytes.size()) return {.c = replacement, .length = 1, .valid = false, .cut = true};
    auto const byte = at(i);
    if (i == 1 ? !second_byte_fits(lead, byte) : (byte & 0xC0U) != 0x80U) return {};
    c = (c << 6U) | (byte & 0x3FU);
  }
  return {.c = c, .length = length, .valid = true, .cut = false};
}

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool within(std::array<Range, N> const& ranges, char32_t c) noexcept {
  return std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.last; });
}

/// How many bytes at the beginning are ASCII, in eights.
std::size_t ascii_prefix(std::string_view bytes) noexcept {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= bytes.size(); at += sizeof eight) {
    std::memcpy(&eight, bytes.data() + at, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) break;
  }
  return at;
}

}  // namespace

std::u32string decode_utf8(std::string_view bytes) {
  std::u32string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    auto const one = decode_one(bytes);
    text.push_back(one.c);
    bytes.remove_prefix(one.length);
  }
  return text;
}

void append_utf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = replacement;
  auto const put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

std::string encode_utf8(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (auto const c : text) append_utf8(bytes, c);
  return bytes;
}

bool is_valid_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    auto const one = decode_one(bytes);
    if (!one.valid) return false;
    bytes.remove_prefix(one.length);
  }
  return true;
}

std::size_t complete_utf8_prefix(std::string_view bytes) noexcept {
  // A character is at most four bytes, so only a lead byte among the last three can be waiting for more.
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    auto const start = bytes.size() - back;
    if ((static_cast<unsigned char>(bytes[start]) & 0xC0U) == 0x80U) continue;
    return decode_one(bytes.substr(start)).cut ? start : bytes.size();
  }
  return bytes.size();
}

std::size_t count_code_points(std::string_view bytes) noexcept {
  std::size_t count = 0;
  while (!bytes.empty()) {
    auto const plain = ascii_prefix(bytes);
    count += plain;
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    bytes.remove_prefix(decode_one(bytes).length);
    ++count;
  }
  return count;
}

bool is_han(char32_t c) noexcept {
  // Ideographs and their extensions A–I, compatibility forms, 々 (iteration) and 〇 (zero).
  static constexpr std::array<Range, 8> ranges{{{0x3005, 0x3005},
                                                {0x3007, 0x3007},
                                                {0x3400, 0x4DBF},
                                                {0x4E00, 0x9FFF},
                                                {0xF900, 0xFAFF},
                                                {0x20000, 0x2FA1F},
                                                {0x30000, 0x323AF},
                                                {0x2E80, 0x2FDF}}};
  return within(ranges, c);
}

bool is_cjk_punctuation(char32_t c) noexcept {
  // ·, — and –, ‘’“”, … and ‥, 、。〃, brackets, vertical forms, small forms, full-width ASCII marks, half-width 。「」、･
  static constexpr std::array<Range, 13> ranges{{{0x00B7, 0x00B7},
                                                 {0x2013, 0x2015},
                                                 {0x2018, 0x201F},
                                                 {0x2025, 0x2026},
                                                 {0x3001, 0x3003},
                                                 {0x3008, 0x3011},
                                                 {0x3014, 0x301F},
                                                 {0xFE30, 0xFE4F},
                                                 {0xFE50, 0xFE6B},
                                                 {0xFF01, 0xFF0F},
                                                 {0xFF1A, 0xFF20},
                                                 {0xFF3B, 0xFF40},
                                                 {0xFF5B, 0xFF65}}};
  return within(ranges, c);
}

bool is_latin_letter(char32_t c) noexcept {
  if ((c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z')) return true;
  return (c >= 0x00C0 && c <= 0x024F && c != 0x00D7 && c != 0x00F7) || (c >= 0x1E00 && c <= 0x1EFF);
}

bool is_ascii_digit(char32_t c) noexcept { return c >= U'0' && c <= U'9'; }

bool is_emoji(char32_t c) noexcept {
  // Pictographs, dingbats, flags, and the invisible marks that join or colour them (ZWJ, variation selectors, keycap, tags).
  static constexpr std::array<Range, 13> ranges{{{0x200D, 0x200D},
                                                 {0x20E3, 0x20E3},
                                                 {0x231A, 0x231B},
                                                 {0x23E9, 0x23FA},
                                                 {0x25FB, 0x25FE},
                                                 {0x2600, 0x27BF},
                                                 {0x2934, 0x2935},
                                                 {0x2B05, 0x2B07},
                                                 {0x2B1B, 0x2B1C},
                                                 {0x2B50, 0x2B55},
                                                 {0xFE00, 0xFE0F},
                                                 {0x1F000, 0x1FAFF},
                                                 {0xE0020, 0xE007F}}};
  return within(ranges, c);
}

bool is_space(char32_t c) noexcept {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view guess_language(std::string_view text) noexcept {
  auto latin = false;
  while (!text.empty()) {
    auto const one = decode_one(text);
    if (one.valid && is_han(one.c)) return "zh";
    latin = latin || (one.valid && is_latin_letter(one.c));
    text.remove_prefix(one.length);
  }
  return latin ? "en" : "";
}

}  // namespace parley::core
