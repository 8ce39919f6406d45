#include "speech/clause_cutter.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/utf8.hpp"

namespace parley::speech {
namespace {

using std::string_view_literals::operator""sv;

/// What belongs to the clause before it: closing quotes and brackets.
bool closes(char32_t c) { return U"”’」』）》】〉\")]}*_"sv.find(c) != std::u32string_view::npos; }

bool chinese(char32_t c) { return core::is_han(c) || core::is_cjk_punctuation(c); }

/// Bytes of the character at the front; 1 for a malformed byte, 0 when it is not complete yet.
std::size_t front_length(std::string_view bytes) {
  auto const lead = static_cast<unsigned char>(bytes.front());
  std::size_t const length = lead < 0x80 ? 1 : lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return 0;
    if ((static_cast<unsigned char>(bytes[i]) & 0xC0U) != 0x80) return 1;
  }
  return length;
}

/// Words before which a speaker may take a breath. A short first clause is worth it: somebody waits for it.
bool opens_phrase(std::string_view word) {
  static constexpr std::array words{"about"sv, "after"sv, "and"sv,  "are"sv,    "as"sv,   "at"sv,    "because"sv, "before"sv,
                                    "but"sv,   "by"sv,    "can"sv,  "during"sv, "for"sv,  "from"sv,  "has"sv,     "have"sv,
                                    "if"sv,    "in"sv,    "into"sv, "is"sv,     "on"sv,   "or"sv,    "so"sv,      "than"sv,
                                    "that"sv,  "to"sv,    "was"sv,  "were"sv,   "when"sv, "where"sv, "which"sv,   "while"sv,
                                    "who"sv,   "will"sv,  "with"sv, "without"sv};
  return std::ranges::binary_search(words, word);
}

/// Bytes at the end of this text that are a word which opens a Chinese phrase, with the adverbs before it that go with it
/// ("也可以", "不是一"); 0 where there is none. All of them are two characters that stand inside no usual longer word.
std::size_t phrase_at_end(std::string_view text) {
  static constexpr std::array words{"不会"sv, "不是"sv, "为了"sv, "主要"sv, "以及"sv, "但是"sv, "位于"sv, "例如"sv, "其中"sv,
                                    "包括"sv, "可以"sv, "可能"sv, "同时"sv, "因为"sv, "因此"sv, "如果"sv, "对于"sv, "已经"sv,
                                    "应当"sv, "应该"sv, "必须"sv, "成为"sv, "或者"sv, "所以"sv, "是一"sv, "是中"sv, "是个"sv,
                                    "是在"sv, "是指"sv, "是最"sv, "是由"sv, "来自"sv, "根据"sv, "正在"sv, "比如"sv, "没有"sv,
                                    "由于"sv, "而且"sv, "能够"sv, "让你"sv, "让您"sv, "通常"sv, "通过"sv, "需要"sv, "非常"sv};
  static constexpr std::array adverbs{"不"sv, "也"sv, "但"sv, "只"sv, "可"sv, "就"sv, "并"sv,
                                      "总"sv, "才"sv, "更"sv, "没"sv, "还"sv, "都"sv};
  constexpr std::size_t character = 3, word = 2 * character;
  if (text.size() < word || std::ranges::find(words, text.substr(text.size() - word)) == words.end()) return 0;
  auto const adverb = [&](std::size_t before) {
    return text.size() >= before + character &&
           std::ranges::find(adverbs, text.substr(text.size() - before - character, character)) != adverbs.end();
  };
  std::size_t length = word;
  while (adverb(length)) length += character;
  return length;
}

}  // namespace

std::vector<std::string> ClauseCutter::push(std::string_view delta) {
  std::vector<std::string> out;
  std::string const joined = std::exchange(broken_, {}) + std::string(delta);
  for (std::string_view rest = joined; !rest.empty();) {
    std::size_t const length = front_length(rest);
    if (length == 0) {
      broken_ = rest;
      break;
    }
    auto const character = rest.substr(0, length);
    take(character, core::decode_utf8(character).front(), out);
    rest.remove_prefix(length);
  }
  // A Chinese mark needs no look at what follows; the listener should not wait for it either.
  if (mark_ != Mark::none && (!needs_space_ || surely_ends())) settle(out);
  return out;
}

std::vector<std::string> ClauseCutter::finish() {
  std::vector<std::string> out;
  clause_ += broken_;
  if (!clause_.empty()) out.push_back(std::move(clause_));
  *this = ClauseCutter(lengths_);
  return out;
}

void ClauseCutter::take(std::string_view bytes, char32_t c, std::vector<std::string>& out) {
  if (mark_ != Mark::none && !closes(c)) {
    Mark const next = mark_of(c);
    if (core::is_space(c)) {
      if (c == U'\n') mark_ = Mark::end;
      clause_ += bytes;
      word_begin_ = clause_.size();
      settle(out);
      return;
    }
    if (next != Mark::none && !core::is_space(c)) {  // "?!", "……": one mark, the stronger of the two
      clause_ += bytes;
      mark_ = std::max(mark_, next);
      return;
    }
    if (!needs_space_ || chinese(c)) settle(out);
    mark_ = Mark::none;
  }
  int const longest = first_ ? lengths_.first_longest : lengths_.later_longest;
  bool const between = core::is_space(c) || core::is_han(c);
  if (beats_ >= longest && between && mark_ == Mark::none) {
    if (core::is_space(c)) clause_ += bytes;
    cut(out);
    if (core::is_space(c)) return;
  }
  if (closes(c) && mark_ != Mark::none) {
    clause_ += bytes;
    return;
  }
  if (core::is_space(c) && first_) look_for_phrase(out);
  mark_ = mark_of(c);
  needs_space_ = c < 0x80 && c != U'\n';
  clause_ += bytes;
  count(c);
  if (core::is_han(c) && first_) look_for_chinese_phrase(out);
  if (c == U'\n' && beats_ > 0) settle(out);
}

void ClauseCutter::count(char32_t c) {
  bool const letter = core::is_latin_letter(c) || core::is_ascii_digit(c);
  if (core::is_han(c))
    ++beats_;
  else if (letter && !in_word_)
    beats_ += 2;
  in_word_ = letter || (in_word_ && (c == U'\'' || c == U'-' || c == U'.' || c == U','));
}

ClauseCutter::Mark ClauseCutter::mark_of(char32_t c) const {
  if (U"。！？…；!?;\n"sv.find(c) != std::u32string_view::npos) return Mark::end;
  if (c == U'.') return ends_in_abbreviation() ? Mark::none : Mark::end;
  if (U"，、：,:—"sv.find(c) != std::u32string_view::npos) return Mark::pause;
  return Mark::none;
}

/// "Dr", "e.g", "J", and the number of a list: a point behind it ends nothing.
bool ClauseCutter::ends_in_abbreviation() const {
  static constexpr std::array known{"Mr"sv,  "Mrs"sv, "Ms"sv, "Dr"sv, "Prof"sv, "St"sv,  "vs"sv,     "etc"sv, "e.g"sv,
                                    "i.e"sv, "No"sv,  "Jr"sv, "Sr"sv, "Inc"sv,  "Ltd"sv, "approx"sv, "a.m"sv, "p.m"sv};
  auto const begin = clause_.find_last_of(" \n(\"") + 1;  // npos + 1 is 0
  std::string_view const word = std::string_view(clause_).substr(begin);
  bool const digits =
      !word.empty() && word.size() <= 2 && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  if (digits && (begin == 0 || clause_[begin - 1] == '\n')) return true;
  if (word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z' && word[0] != 'I') return true;
  if (word.size() == 3 && word[1] == '.' && word[0] >= 'A' && word[0] <= 'Z') return true;  // U.S
  return std::ranges::find(known, word) != known.end();
}

bool ClauseCutter::long_enough(Mark mark) const {
  if (beats_ == 0) return false;
  if (mark == Mark::end) return first_ || beats_ >= lengths_.later_at_end;
  return beats_ >= (first_ ? lengths_.first_at_pause : lengths_.later_at_pause);
}

/// Models write a mark as a piece of its own. Behind a word these end something whatever follows; a point may be part of a
/// name, a colon of an address.
bool ClauseCutter::surely_ends() const {
  if (!first_ || clause_.size() < 2) return false;
  char const before = clause_[clause_.size() - 2];
  bool const letter = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z');
  return letter && std::string_view(",!?;").contains(clause_.back());
}

/// A word is complete: the first clause may end before it.
void ClauseCutter::look_for_phrase(std::vector<std::string>& out) {
  auto const begin = std::exchange(word_begin_, clause_.size() + 1);
  if (begin == 0 || begin >= clause_.size() || !opens_phrase(std::string_view(clause_).substr(begin))) return;
  if (beats_ - 2 >= lengths_.first_at_phrase) cut_before(begin, 2, out);
}

/// The same for Chinese, which has no spaces: the word is known by its own characters.
void ClauseCutter::look_for_chinese_phrase(std::vector<std::string>& out) {
  auto const length = phrase_at_end(clause_);
  auto const beats = static_cast<int>(core::decode_utf8(std::string_view(clause_).substr(clause_.size() - length)).size());
  if (length > 0 && beats_ - beats >= lengths_.first_at_chinese_phrase) cut_before(clause_.size() - length, beats, out);
}

void ClauseCutter::cut_before(std::size_t begin, int beats, std::vector<std::string>& out) {
  auto word = clause_.substr(begin);
  clause_.resize(begin);
  cut(out);
  clause_ = std::move(word);
  beats_ = beats;
}

void ClauseCutter::settle(std::vector<std::string>& out) {
  if (long_enough(mark_)) cut(out);
  mark_ = Mark::none;
}

void ClauseCutter::cut(std::vector<std::string>& out) {
  out.push_back(std::exchange(clause_, {}));
  word_begin_ = 0;
  beats_ = 0;
  in_word_ = false;
  first_ = false;
  mark_ = Mark::none;
}

}  // namespace parley::speech
