#include "guard/word_list.hpp"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "core/utf8.hpp"

namespace parley::guard {
namespace {

constexpr std::size_t longest_filler = 3;

bool is_filler(char32_t c) noexcept {
  if (c < 0x80) return is_blank(c) || std::u32string_view(U".-_*~|/,+#^'\"`").find(c) != std::u32string_view::npos;
  return core::is_space(c) || c == U'·' || c == U'•' || c == U'、' || c == U'…';
}

/// "ba" for 巴. Empty when the character is no Chinese one.
std::u32string pinyin_of(icu::Transliterator const& latin, char32_t c) {
  if (!core::is_han(c)) return {};
  icu::UnicodeString text(static_cast<UChar32>(c));
  latin.transliterate(text);
  std::u32string letters;
  for (int32_t i = 0; i < text.length(); ++i) {
    char32_t const one = text[i];
    if (!is_letter(one)) return {};
    letters += lower(one);
  }
  return letters;
}

}  // namespace

WordLists::WordLists(std::vector<WordList> const& lists) {
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::Transliterator> latin;  // slow to make
  if (std::ranges::any_of(lists, &WordList::pinyin)) {
    latin.reset(icu::Transliterator::createInstance("Han-Latin; Latin-ASCII", UTRANS_FORWARD, status));
  }
  for (auto const& list : lists) {
    for (auto const& entry : list.words) {
      Word word;
      word.list = list.name;
      for (char32_t const c : normalise(entry).text) {
        if (!is_blank(c)) word.text += lower(c);
      }
      if (word.text.empty()) continue;
      word.latin = std::ranges::all_of(word.text, [](char32_t c) { return c < 0x80; });
      if (list.pinyin && !word.latin && latin && U_SUCCESS(status) != 0) {
        for (char32_t const c : word.text) word.pinyin.push_back(pinyin_of(*latin, c));
      }
      auto const index = words_.size();
      by_first_[word.text.front()].push_back(index);
      if (!word.pinyin.empty() && !word.pinyin.front().empty()) by_first_[word.pinyin.front().front()].push_back(index);
      words_.push_back(std::move(word));
    }
  }
}

/// Latin words: either no filler at all or one between all letters, so that "a bomb" is not "abomb".
WordLists::Reading WordLists::read(Word const& word, Segment const& segment, std::size_t at) {
  auto const& text = segment.text;
  bool const starts_latin = is_alnum(text.text[at]);
  if ((word.latin || starts_latin) && is_alnum(text.before(at))) return {};
  bool spaced = false;
  for (std::size_t i = 0; i < word.text.size(); ++i) {
    auto next = at;
    if (i > 0) {
      while (next - at < longest_filler && is_filler(text.at(next)) && text.at(next) != word.text[i]) ++next;
      if (word.latin && i == 1) spaced = next > at;
      if (word.latin && next < text.size() && (next > at) != spaced) return {};
    }
    if (next >= text.size()) return {segment.final ? Outcome::none : Outcome::open, 0};
    if (lower(text.text[next]) == word.text[i]) {
      at = next + 1;
      continue;
    }
    if (word.pinyin.empty() || word.pinyin[i].empty()) return {};
    for (char32_t const letter : word.pinyin[i]) {
      if (next >= text.size()) return {segment.final ? Outcome::none : Outcome::open, 0};
      if (lower(text.text[next]) != letter) return {};
      ++next;
    }
    at = next;
  }
  bool const ends_latin = is_alnum(text.text[at - 1]);
  if ((word.latin || ends_latin) && is_letter(text.at(at))) return {};
  if (ends_latin && at == text.size() && !segment.final) return {Outcome::open, 0};
  return {Outcome::found, at};
}

void WordLists::find(Segment const& segment, Findings& out) const {
  if (words_.empty()) return;
  for (std::size_t at = 0; at < segment.text.size(); ++at) {
    auto const begins = by_first_.find(lower(segment.text.text[at]));
    if (begins == by_first_.end()) continue;
    for (auto const index : begins->second) {
      auto const reading = read(words_[index], segment, at);
      if (reading.outcome == Outcome::found) out.add(Rule::word, at, reading.end, 0.65F, words_[index].list);
      if (reading.outcome == Outcome::open) out.hold(at);
    }
  }
}

std::vector<std::string> WordLists::triggers() const {
  // The first two characters with anything between them; what is written as pinyin or in other forms begins with a letter.
  static constexpr std::string_view gap = "[^A-Za-z0-9]{0,9}";
  auto const escaped = [](std::u32string_view text) {
    std::string out;
    for (unsigned char const byte : core::encode_utf8(text)) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
    return out;
  };
  auto const either = [&](Word const& word, std::size_t i) {
    auto one = escaped(word.text.substr(i, 1));
    if (word.pinyin.empty() || word.pinyin[i].empty()) return one;
    return "(?:" + one + "|" + escaped(word.pinyin[i]) + ")";
  };
  std::set<std::string> unique;
  for (auto const& word : words_) {
    auto expression = either(word, 0);
    if (word.text.size() > 1) expression += std::string(gap) + either(word, 1);
    unique.insert(std::move(expression));
  }
  return {unique.begin(), unique.end()};
}

}  // namespace parley::guard
