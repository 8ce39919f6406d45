#pragma once
// Walking valid UTF-8 without decoding it: the splitter's inner loops.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace parley::knowledge {

[[nodiscard]] constexpr bool continues(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Of so many words of eight bytes, 31 at most, the bytes that continue a code point: each byte of `sum` counts its own column.
template <std::size_t Words>
[[nodiscard]] inline std::size_t continued_in(char const* bytes) noexcept {
  constexpr std::uint64_t low_bits = 0x0101010101010101U;
  static_assert(Words * 8 < 256);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < Words; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i * 8, 8);
    sum += (word >> 7U) & ~(word >> 6U) & low_bits;
  }
  return static_cast<std::size_t>(sum * low_bits >> 56U);
}

/// Code points of valid UTF-8: the bytes that do not continue one.
[[nodiscard]] inline std::size_t count_points(std::string_view text) noexcept {
  std::size_t continued = 0;
  std::size_t i = 0;
  for (; i + 64 <= text.size(); i += 64) continued += continued_in<8>(text.data() + i);
  for (; i + 8 <= text.size(); i += 8) continued += continued_in<1>(text.data() + i);
  for (; i < text.size(); ++i) continued += continues(text[i]) ? 1 : 0;
  return text.size() - continued;
}

/// Bytes of the code point that begins with `lead`.
[[nodiscard]] constexpr std::size_t point_size(char lead) noexcept {
  auto const c = static_cast<unsigned char>(lead);
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/// The byte behind `points` code points from `at`; the text's end when there are fewer.
[[nodiscard]] inline std::size_t skip_points(std::string_view text, std::size_t at, std::size_t points) noexcept {
  // As many code points are at least as many bytes, so that many can be looked at without going too far.
  while (points >= 64 && at + 64 <= text.size()) {
    points -= 64 - continued_in<8>(text.data() + at);
    at += 64;
  }
  while (points >= 8 && at + 8 <= text.size()) {
    points -= 8 - continued_in<1>(text.data() + at);
    at += 8;
  }
  while (at < text.size() && continues(text[at])) ++at;  // the last one may have been cut
  for (; points > 0 && at < text.size(); --points) at += point_size(text[at]);
  return at;
}

/// The byte at which the last `points` code points before `at` begin. There are that many.
[[nodiscard]] inline std::size_t back_points(std::string_view text, std::size_t at, std::size_t points) noexcept {
  while (points >= 8) {
    points -= 8 - continued_in<1>(text.data() + at - 8);
    at -= 8;
  }
  while (points > 0) points -= continues(text[--at]) ? 0 : 1;
  while (at < text.size() && continues(text[at])) ++at;  // the first one may have been cut
  return at;
}

/// The code point at `at`.
[[nodiscard]] constexpr char32_t point_at(std::string_view text, std::size_t at) noexcept {
  auto const byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  switch (point_size(text[at])) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3: return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default: return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

}  // namespace parley::knowledge
