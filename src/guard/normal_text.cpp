#include "guard/normal_text.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include <algorithm>
#include <array>

#include "core/utf8.hpp"

namespace parley::guard {
namespace {

constexpr bool is_zwj_like(char32_t c) noexcept { return c == 0x200C || c == 0x200D; }
constexpr bool is_variation(char32_t c) noexcept { return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF); }
constexpr bool is_tag(char32_t c) noexcept { return c >= 0xE0000 && c <= 0xE007F; }

bool is_hidden(char32_t c) noexcept {
  if (c < 0xAD) return false;
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

/// Joiners belong into Persian, Indic scripts and emoji, variation selectors behind ideographs and emoji, tags behind a black
/// flag. Everything else that is hidden has no business in a conversation.
bool is_suspicious(char32_t c, char32_t before) noexcept {
  if (is_zwj_like(c)) return before < 0x300 || core::is_han(before) || core::is_cjk_punctuation(before);
  if (is_variation(c)) return is_letter(before) || is_blank(before) || before == 0;
  if (is_tag(c)) return before != 0x1F3F4 && !is_tag(before);
  return true;
}

/// Letters of other alphabets that look like Latin ones.
char32_t look_alike(char32_t c) noexcept {
  static constexpr std::array<std::pair<char32_t, char32_t>, 30> pairs{{
      {0x0391, U'A'}, {0x0392, U'B'}, {0x0395, U'E'}, {0x0396, U'Z'}, {0x0397, U'H'}, {0x0399, U'I'},
      {0x039A, U'K'}, {0x039C, U'M'}, {0x039D, U'N'}, {0x039F, U'O'}, {0x03BF, U'o'}, {0x0405, U'S'},
      {0x0410, U'A'}, {0x0412, U'B'}, {0x0415, U'E'}, {0x041A, U'K'}, {0x041C, U'M'}, {0x041D, U'H'},
      {0x041E, U'O'}, {0x0420, U'P'}, {0x0421, U'C'}, {0x0422, U'T'}, {0x0425, U'X'}, {0x0430, U'a'},
      {0x0435, U'e'}, {0x043E, U'o'}, {0x0440, U'p'}, {0x0441, U'c'}, {0x0445, U'x'}, {0x0456, U'i'},
  }};
  auto const at = std::ranges::lower_bound(pairs, c, {}, &std::pair<char32_t, char32_t>::first);
  return at != pairs.end() && at->first == c ? at->second : c;
}

constexpr bool needs_no_change(char32_t c) noexcept {
  return c < 0xA0 || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3001 && c <= 0x3029) || (c >= 0xAC00 && c <= 0xD7A3);
}

class Builder {
 public:
  explicit Builder(std::size_t bytes) {
    out_.text.reserve(bytes);
    out_.begin.reserve(bytes);
    out_.end.reserve(bytes);
    out_.source_bytes = static_cast<std::uint32_t>(bytes);
    UErrorCode status = U_ZERO_ERROR;
    nfkc_ = unorm2_getNFKCInstance(&status);  // built into ICU: cannot fail but for a broken installation
    if (U_FAILURE(status) != 0) nfkc_ = nullptr;
  }

  void add(char32_t c, std::uint32_t begin, std::uint32_t end) {
    if (needs_no_change(c)) {
      before_ = c;
      return put(c, begin, end);
    }
    if (is_hidden(c)) {
      // The tags of one flag all stand behind it.
      bool const flag = is_tag(c) && (before_ == 0x1F3F4 || (in_flag_ && is_tag(before_)));
      out_.hidden.push_back({begin, end, !flag && is_suspicious(c, is_tag(before_) ? 0 : before_)});
      in_flag_ = flag;
      before_ = is_tag(c) ? c : before_;
      return;
    }
    before_ = c;
    std::array<UChar, 32> utf16{};
    UErrorCode status = U_ZERO_ERROR;
    auto const length = nfkc_ == nullptr ? -1
                                         : unorm2_getDecomposition(nfkc_, static_cast<UChar32>(c), utf16.data(),
                                                                   static_cast<int32_t>(utf16.size()), &status);
    if (length < 0 || U_FAILURE(status) != 0) {
      if (!is_mark(c)) put(look_alike(c), begin, end);
      return;
    }
    for (int32_t i = 0; i < length;) {
      UChar32 one = 0;
      U16_NEXT(utf16.data(), i, length, one);
      if (!is_mark(static_cast<char32_t>(one))) put(look_alike(static_cast<char32_t>(one)), begin, end);
    }
  }

  NormalText take() { return std::move(out_); }

 private:
  static bool is_mark(char32_t c) noexcept { return c >= 0x300 && u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK; }

  void put(char32_t c, std::uint32_t begin, std::uint32_t end) {
    out_.text.push_back(c);
    out_.begin.push_back(begin);
    out_.end.push_back(end);
  }

  NormalText out_;
  UNormalizer2 const* nfkc_ = nullptr;
  char32_t before_ = 0;
  bool in_flag_ = false;
};

}  // namespace

NormalText normalise(std::string_view source) {
  Builder builder(source.size());
  std::size_t at = 0;
  while (at < source.size()) {
    auto const lead = static_cast<unsigned char>(source[at]);
    if (lead < 0x80) {
      builder.add(lead, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + 1));
      ++at;
      continue;
    }
    auto const length = std::min<std::size_t>(lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1, source.size() - at);
    auto const character = core::decode_utf8(source.substr(at, length));
    auto const used = character.size() == 1 ? length : 1;  // several: the first byte was malformed
    builder.add(character.front(), static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + used));
    at += used;
  }
  return builder.take();
}

bool mentioned_before(NormalText const& text, std::size_t index, std::size_t within,
                      std::initializer_list<std::u32string_view> words) {
  auto const from = index > within ? index - within : 0;
  for (auto const word : words) {
    for (std::size_t start = from; start + word.size() <= index; ++start) {
      std::size_t i = 0;
      while (i < word.size() && lower(text.text[start + i]) == word[i]) ++i;
      if (i == word.size()) return true;
    }
  }
  return false;
}

}  // namespace parley::guard
