#include "conversation/words.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

bool is_word_character(char32_t c) {
  if (core::is_han(c) || core::is_latin_letter(c) || core::is_ascii_digit(c)) return true;
  if (core::is_cjk_punctuation(c) || core::is_emoji(c) || core::is_space(c)) return false;
  // Beyond the scripts that core knows: letters of other languages lie from Greek on; what lies between U+2000 and U+2BFF is
  // punctuation, arrows and pictures, and U+FFFD stands for broken bytes.
  return c >= 0x0370 && (c < 0x2000 || c > 0x2bff) && c < 0xfe00;
}

}  // namespace

bool has_words(std::string_view text) {
  auto const characters = core::decode_utf8(text);
  return std::ranges::any_of(characters, is_word_character);
}

}  // namespace parley::conversation
