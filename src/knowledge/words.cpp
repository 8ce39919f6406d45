#include "knowledge/words.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/utf8.hpp"

namespace parley::knowledge {
namespace {

/// Too common to tell one passage from another, and their lists are the longest to walk.
std::set<std::string, std::less<>> const& common_words() {
  static std::set<std::string, std::less<>> const words{
      "a",     "an",   "and",  "are",  "as",   "at",   "be",    "by",    "can",  "do",   "does", "for",  "from", "has",
      "have",  "how",  "i",    "if",   "in",   "is",   "it",    "its",   "my",   "of",   "on",   "or",   "that", "the",
      "there", "this", "to",   "was",  "what", "when", "where", "which", "who",  "why",  "will", "with", "you",  "your",
      "的",    "了",   "是",   "在",   "和",   "吗",   "呢",    "吧",    "我",   "你",   "他",   "什么", "怎么", "如何",
      "可以",  "么样", "哪些", "为什", "请问", "一个", "这个",  "那个",  "多少", "有什", "是什"};
  return words;
}

/// Unicode's NFKC_Casefold, so that what looks the same is the same.
std::u32string folded(std::string_view text) {
  std::u16string units;
  for (char32_t const c : core::decode_utf8(text)) {
    if (c < 0x10000) {
      units += static_cast<char16_t>(c);
    } else {
      units += static_cast<char16_t>(0xD7C0 + (c >> 10));
      units += static_cast<char16_t>(0xDC00 + (c & 0x3FF));
    }
  }
  UErrorCode status = U_ZERO_ERROR;
  UNormalizer2 const* const normaliser = unorm2_getNFKCCasefoldInstance(&status);
  std::u16string out(units.size() * 2 + 16, u'\0');
  std::int32_t size = 0;
  if (U_SUCCESS(status)) {
    size = unorm2_normalize(normaliser, units.data(), static_cast<std::int32_t>(units.size()), out.data(),
                            static_cast<std::int32_t>(out.size()), &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {
      status = U_ZERO_ERROR;
      out.resize(static_cast<std::size_t>(size));
      size = unorm2_normalize(normaliser, units.data(), static_cast<std::int32_t>(units.size()), out.data(), size, &status);
    }
  }
  if (U_FAILURE(status)) return core::decode_utf8(text);
  out.resize(static_cast<std::size_t>(size));
  std::u32string points;
  for (std::size_t i = 0; i < out.size(); ++i) {
    bool const pair = out[i] >= 0xD800 && out[i] < 0xDC00 && i + 1 < out.size();
    points += pair ? (static_cast<char32_t>(out[i]) << 10) + out[i + 1] - 0x35FDC00 : static_cast<char32_t>(out[i]);
    if (pair) ++i;
  }
  return points;
}

/// Scripts that write their words without blanks between them.
bool is_unspaced(char32_t c) {
  return core::is_han(c) || (c >= 0x3040 && c <= 0x30FF) || (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) ||
         (c >= 0x1780 && c <= 0x17FF);
}

bool is_word(char32_t c) {
  auto const point = static_cast<UChar32>(c);
  return u_isalnum(point) != 0 || (U_GET_GC_MASK(point) & U_GC_M_MASK) != 0;
}

using Take = std::function<void(std::u32string_view run, bool unspaced)>;

/// Runs of one kind of letters.
void for_runs(std::u32string_view text, Take const& take) {
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      ++i;
      continue;
    }
    bool const unspaced = is_unspaced(text[i]);
    std::size_t end = i;
    while (end < text.size() && is_word(text[end]) && is_unspaced(text[end]) == unspaced) ++end;
    take(text.substr(i, end - i), unspaced);
    i = end;
  }
}

}  // namespace

std::string index_words(std::string_view text) {
  auto const points = folded(text);
  std::string out;
  auto const put = [&out](std::u32string_view word) {
    if (!out.empty()) out += ' ';
    out += core::encode_utf8(word);
  };
  for_runs(points, [&](std::u32string_view run, bool unspaced) {
    if (!unspaced) return put(run);
    for (std::size_t i = 0; i < run.size(); ++i) {
      put(run.substr(i, 1));
      if (i + 1 < run.size()) put(run.substr(i, 2));
    }
  });
  return out;
}

std::vector<std::string> query_words(std::string_view text) {
  auto const points = folded(text);
  std::vector<std::string> all;
  for_runs(points, [&](std::u32string_view run, bool unspaced) {
    if (!unspaced || run.size() == 1) {
      all.push_back(core::encode_utf8(run));
      return;
    }
    for (std::size_t i = 0; i + 1 < run.size(); ++i) all.push_back(core::encode_utf8(run.substr(i, 2)));
  });
  std::vector<std::string> kept;
  for (auto const& word : all) {
    if (!common_words().contains(word) && std::ranges::find(kept, word) == kept.end()) kept.push_back(word);
  }
  if (!kept.empty()) return kept;
  for (auto const& word : all) {  // "what is it": better its common words than nothing
    if (std::ranges::find(kept, word) == kept.end()) kept.push_back(word);
  }
  return kept;
}

std::string match_expression(std::string const& word) {
  return '"' + word + '"';  // letters and digits only, so no quote can be in it
}

}  // namespace parley::knowledge
