#pragma once
// Text as the detectors read it, with the way back. Compatibility forms (full-width, circled, mathematical, presentation forms)
// become plain characters, accents and look-alike letters fall away, what cannot be seen is left out. Case is kept: keys have
// it. Every character remembers the bytes it came from.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::guard {

struct NormalText {
  std::u32string text;
  std::vector<std::uint32_t> begin, end;  ///< per character of `text`: its bytes in the source

  /// Characters that are not in `text`. `suspicious`: no script needs it where it stands.
  struct Hidden {
    std::uint32_t begin, end;
    bool suspicious;
  };
  std::vector<Hidden> hidden;
  std::uint32_t source_bytes = 0;

  [[nodiscard]] std::size_t size() const noexcept { return text.size(); }
  /// U+0000 beyond either end, so that a look to the side needs no check.
  [[nodiscard]] char32_t at(std::size_t index) const noexcept { return index < text.size() ? text[index] : U'\0'; }
  [[nodiscard]] char32_t before(std::size_t index) const noexcept { return index > 0 ? text[index - 1] : U'\0'; }
  /// Where in the source the character at `index` begins; the end of the source behind the last.
  [[nodiscard]] std::uint32_t source(std::size_t index) const noexcept {
    return index < begin.size() ? begin[index] : source_bytes;
  }
};

/// Malformed bytes are one U+FFFD each.
[[nodiscard]] NormalText normalise(std::string_view source);

// Questions about normalised characters; only ASCII counts.
[[nodiscard]] constexpr bool is_digit(char32_t c) noexcept { return c >= U'0' && c <= U'9'; }
[[nodiscard]] constexpr bool is_upper(char32_t c) noexcept { return c >= U'A' && c <= U'Z'; }
[[nodiscard]] constexpr bool is_lower(char32_t c) noexcept { return c >= U'a' && c <= U'z'; }
[[nodiscard]] constexpr bool is_letter(char32_t c) noexcept { return is_upper(c) || is_lower(c); }
[[nodiscard]] constexpr bool is_alnum(char32_t c) noexcept { return is_digit(c) || is_letter(c); }
[[nodiscard]] constexpr bool is_hex(char32_t c) noexcept {
  return is_digit(c) || (c >= U'a' && c <= U'f') || (c >= U'A' && c <= U'F');
}
[[nodiscard]] constexpr bool is_blank(char32_t c) noexcept { return c == U' ' || c == U'\t' || c == U'\r' || c == U'\n'; }
[[nodiscard]] constexpr char32_t lower(char32_t c) noexcept { return is_upper(c) ? c + 32 : c; }

/// Whether one of `words` (lower case) ends within the `within` characters before `index`, in any case.
[[nodiscard]] bool mentioned_before(NormalText const& text, std::size_t index, std::size_t within,
                                    std::initializer_list<std::u32string_view> words);

}  // namespace parley::guard
