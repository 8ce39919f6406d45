#include "knowledge/graphemes.hpp"

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <memory>

#include "knowledge/utf8_bytes.hpp"

namespace parley::knowledge {
namespace {

struct BreakDeleter {
  void operator()(UBreakIterator* iterator) const noexcept { ubrk_close(iterator); }
};
struct TextDeleter {
  void operator()(UText* text) const noexcept { utext_close(text); }
};

}  // namespace

std::vector<std::size_t> grapheme_ends(std::string_view text) {
  std::vector<std::size_t> ends;
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<UText, TextDeleter> const bytes(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status));
  std::unique_ptr<UBreakIterator, BreakDeleter> const iterator(ubrk_open(UBRK_CHARACTER, "", nullptr, 0, &status));
  if (U_SUCCESS(status)) ubrk_setUText(iterator.get(), bytes.get(), &status);
  if (U_FAILURE(status)) {  // without ICU's data every code point stands alone
    for (std::size_t i = 0; i < text.size();) ends.push_back(i += point_size(text[i]));
    return ends;
  }
  for (auto at = ubrk_next(iterator.get()); at != UBRK_DONE; at = ubrk_next(iterator.get())) {
    ends.push_back(static_cast<std::size_t>(at));
  }
  return ends;
}

}  // namespace parley::knowledge
