#include "conversation/heard_text.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

// Usual speeds: some 4.5 Chinese characters or 14 letters a second. Only used for a clause that is cut while it is being made.
audio::Spoken usual_length(std::u32string_view text) {
  constexpr std::int64_t of_han = audio::spoken_hz * 10 / 45;
  constexpr std::int64_t of_letter = audio::spoken_hz / 14;
  std::int64_t samples = 0;
  for (char32_t c : text) samples += core::is_han(c) ? of_han : of_letter;
  return {samples};
}

/// How long a character takes beside the others of its clause. A blank stands for what every word takes however short it is.
int weight(char32_t c) {
  if (core::is_han(c)) return 3;
  if (core::is_ascii_digit(c)) return 4;
  bool const pause = core::is_cjk_punctuation(c) || std::u32string_view(U",.;:?!").find(c) != std::u32string_view::npos;
  return pause ? 3 : 1;
}

/// So many characters of the clause are over after this share of its sound.
std::size_t characters_in(std::u32string_view letters, double share) {
  int total = 0;
  for (char32_t const c : letters) total += weight(c);
  double left = share * total;
  std::size_t count = 0;
  for (; count < letters.size() && left >= weight(letters[count]); ++count) left -= weight(letters[count]);
  return count;
}

bool joins_words(char32_t c) { return core::is_latin_letter(c) || core::is_ascii_digit(c) || c == U'\'' || c == U'\u2019'; }

}  // namespace

void HeardText::add_sound(std::size_t clause, audio::Spoken length) {
  if (clause < clauses_.size()) clauses_[clause].length = clauses_[clause].length + length;
}

void HeardText::complete(std::size_t clause) {
  if (clause < clauses_.size()) clauses_[clause].complete = true;
}

std::string_view cut_at_word(std::string_view text, std::size_t characters) {
  auto const letters = core::decode_utf8(text);
  std::size_t cut = std::min(characters, letters.size());
  if (cut < letters.size()) {
    while (cut > 0 && joins_words(letters[cut]) && joins_words(letters[cut - 1])) --cut;
  }
  while (cut > 0 && core::is_space(letters[cut - 1])) --cut;
  return text.substr(0, core::encode_utf8(std::u32string_view(letters).substr(0, cut)).size());
}

std::string_view HeardText::heard(std::string_view text, audio::Spoken heard) const {
  std::size_t begin = 0;
  for (auto const& clause : clauses_) {
    auto const end = std::min(clause.end, text.size());
    auto const words = text.substr(begin, end - begin);
    auto const letters = core::decode_utf8(words);
    auto const length = clause.complete ? clause.length : std::max(clause.length, usual_length(letters));
    if (heard < length || (!clause.complete && heard.samples == 0)) {
      auto const share = length.samples == 0 ? 0.0 : static_cast<double>(heard.samples) / static_cast<double>(length.samples);
      auto const part = cut_at_word(words, characters_in(letters, share));
      if (part.empty()) return cut_at_word(text.substr(0, begin), core::count_code_points(text.substr(0, begin)));
      return text.substr(0, begin + part.size());
    }
    heard = heard - length;
    // Nothing is left to be heard: what follows was not reached, unless it makes no sound (a clause of emoji).
    begin = end;
  }
  return text.substr(0, begin);
}

}  // namespace parley::conversation
