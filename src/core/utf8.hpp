#pragma once
// UTF-8 at the borders: decoding, counting and the few questions about scripts that Chinese text asks.
#include <cstddef>
#include <string>
#include <string_view>

namespace parley::core {

/// Decodes; every malformed byte becomes U+FFFD, so the result is always usable.
[[nodiscard]] std::u32string decode_utf8(std::string_view bytes);
[[nodiscard]] std::string encode_utf8(std::u32string_view text);
void append_utf8(std::string& out, char32_t c);

[[nodiscard]] bool is_valid_utf8(std::string_view bytes) noexcept;

/// Length of the longest prefix that does not end inside a character: what may be shown of a stream that is cut anywhere.
[[nodiscard]] std::size_t complete_utf8_prefix(std::string_view bytes) noexcept;

/// Code points, not bytes.
[[nodiscard]] std::size_t count_code_points(std::string_view bytes) noexcept;

[[nodiscard]] bool is_han(char32_t c) noexcept;              ///< a Chinese character (unified ideographs and extensions)
[[nodiscard]] bool is_cjk_punctuation(char32_t c) noexcept;  ///< 。，、！？；：“”《》（）… and full-width forms
[[nodiscard]] bool is_latin_letter(char32_t c) noexcept;     ///< A–Z, a–z and accented Latin
[[nodiscard]] bool is_ascii_digit(char32_t c) noexcept;
[[nodiscard]] bool is_emoji(char32_t c) noexcept;
[[nodiscard]] bool is_space(char32_t c) noexcept;

/// "zh" when any Chinese character is in it, else "en" when any Latin letter is, else "".
[[nodiscard]] std::string_view guess_language(std::string_view text) noexcept;

}  // namespace parley::core
