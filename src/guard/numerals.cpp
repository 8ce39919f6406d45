#include "guard/numerals.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace parley::guard {
namespace {

using Kind = Numeral::Kind;

constexpr std::size_t longest_separator = 3;
constexpr std::size_t resident_id_digits = 17;  // before its X

std::optional<std::uint8_t> han_digit(char32_t c) noexcept {
  switch (c) {
    case U'零':
    case U'〇':
    case U'○':
    case U'洞': return 0;
    case U'一':
    case U'壹':
    case U'幺': return 1;
    case U'二':
    case U'贰':
    case U'貳':
    case U'两':
    case U'兩': return 2;
    case U'三':
    case U'叁':
    case U'參': return 3;
    case U'四':
    case U'肆': return 4;
    case U'五':
    case U'伍': return 5;
    case U'六':
    case U'陆':
    case U'陸': return 6;
    case U'七':
    case U'柒':
    case U'拐': return 7;
    case U'八':
    case U'捌': return 8;
    case U'九':
    case U'玖':
    case U'勾': return 9;
    default: return std::nullopt;
  }
}

struct EnglishWord {
  std::u32string_view word;
  std::u32string_view digits;
};
constexpr std::array<EnglishWord, 30> english_words{{
    {U"zero", U"0"},      {U"oh", U"0"},        {U"o", U"0"},        {U"one", U"1"},      {U"two", U"2"},
    {U"three", U"3"},     {U"four", U"4"},      {U"five", U"5"},     {U"six", U"6"},      {U"seven", U"7"},
    {U"eight", U"8"},     {U"nine", U"9"},      {U"ten", U"10"},     {U"eleven", U"11"},  {U"twelve", U"12"},
    {U"thirteen", U"13"}, {U"fourteen", U"14"}, {U"fifteen", U"15"}, {U"sixteen", U"16"}, {U"seventeen", U"17"},
    {U"eighteen", U"18"}, {U"nineteen", U"19"}, {U"twenty", U"20"},  {U"thirty", U"30"},  {U"forty", U"40"},
    {U"fifty", U"50"},    {U"sixty", U"60"},    {U"seventy", U"70"}, {U"eighty", U"80"},  {U"ninety", U"90"},
}};
constexpr std::array<EnglishWord, 4> multipliers{
    {{U"double", U"2"}, {U"triple", U"3"}, {U"hundred", U"00"}, {U"thousand", U"000"}}};
constexpr std::size_t longest_english_word = 9;

constexpr bool is_separator(char32_t c) noexcept {
  return c == U' ' || c == U'\t' || c == U'-' || c == U'.' || c == U'(' || c == U')' || c == U'/' || c == U'·' || c == U'_' ||
         c == U'\u2010' || c == U'\u2011' || c == U'\u2012' || c == U'\u2013' || c == U'\u2014';
}
constexpr bool is_spoken_separator(char32_t c) noexcept { return is_separator(c) || c == U',' || c == U'、'; }

class Reader {
 public:
  Reader(NormalText const& text, bool final) : text_(text), final_(final) {}

  std::vector<NumeralChain> read() {
    std::vector<NumeralChain> chains;
    for (std::size_t at = 0; at < text_.size();) {
      NumeralChain chain;
      auto const end = numeral(at, chain, U'\0');
      if (end == at) {
        ++at;
        continue;
      }
      at = extend(chain, end);
      chains.push_back(std::move(chain));
    }
    return chains;
  }

 private:
  /// Reads on behind the first numeral; where the chain ends.
  std::size_t extend(NumeralChain& chain, std::size_t at) {
    for (;;) {
      auto const same = at;
      at = numeral(at, chain, U'\0');
      if (at != same) continue;
      auto next = at;
      while (next < text_.size() && next - at < longest_separator && is_spoken_separator(text_.text[next])) ++next;
      auto const after = next == at ? at : numeral(next, chain, text_.text[at]);
      if (after != next) {
        at = after;
        continue;
      }
      chain.open = !final_ && (next == text_.size() || begins_word(next));
      return at;
    }
  }

  /// Appends what stands at `at`; `separator` is what stood before it. Returns where it ends, `at` when there is no numeral.
  std::size_t numeral(std::size_t at, NumeralChain& chain, char32_t separator) {
    auto const c = text_.at(at);
    auto const& so_far = chain.numerals;
    bool const comma = separator == U',' || separator == U'、';
    if (is_digit(c)) {
      if (comma && so_far.back().kind == Kind::written) return at;
      append(chain, separator, {static_cast<std::uint8_t>(c - U'0'), Kind::written, at, at + 1});
      return at + 1;
    }
    if (auto const digit = han_digit(c)) {
      append(chain, separator, {*digit, Kind::han, at, at + 1});
      return at + 1;
    }
    if ((c == U'x' || c == U'X' || c == U'叉') && so_far.size() >= resident_id_digits && so_far.back().value < 10 &&
        !is_alnum(text_.at(at + 1))) {
      append(chain, separator, {10, so_far.back().kind, at, at + 1});
      return at + 1;
    }
    return is_letter(c) && !is_alnum(text_.before(at)) ? english(at, chain, separator) : at;
  }

  std::size_t english(std::size_t at, NumeralChain& chain, char32_t separator) {
    auto const end = word_end(at);
    if (end == at) return at;
    if (auto const word = find(english_words, at, end)) {
      auto digits = word->digits;
      // "twenty-one" is 21, not 201.
      auto const ones = end + 1;
      if (digits.size() == 2 && digits[0] >= U'2' && (text_.at(end) == U' ' || text_.at(end) == U'-') && ones < text_.size()) {
        auto const ones_end = word_end(ones);
        auto const unit = ones_end == ones ? nullptr : find(english_words, ones, ones_end);
        if (unit != nullptr && unit->digits.size() == 1 && unit->digits != U"0") {
          put(chain, separator, digits.substr(0, 1), at, end);
          put(chain, text_.at(end), unit->digits, ones, ones_end);
          return ones_end;
        }
      }
      put(chain, separator, digits, at, end);
      return end;
    }
    auto const multiplier = find(multipliers, at, end);
    if (multiplier == nullptr) return at;
    if (multiplier->digits[0] == U'0') {  // hundred, thousand: only behind a digit that was said
      if (chain.numerals.empty() || chain.numerals.back().kind != Kind::english) return at;
      put(chain, separator, multiplier->digits, at, end);
      return end;
    }
    auto const next = end + 1;
    auto const next_end = next < text_.size() && text_.at(end) == U' ' ? word_end(next) : next;
    auto const repeated = next_end > next ? find(english_words, next, next_end) : nullptr;
    if (repeated == nullptr || repeated->digits.size() != 1) return at;
    put(chain, separator, std::u32string(multiplier->digits[0] - U'0', repeated->digits[0]), at, next_end);
    return next_end;
  }

  void put(NumeralChain& chain, char32_t separator, std::u32string_view digits, std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < digits.size(); ++i) {
      Numeral const one{static_cast<std::uint8_t>(digits[i] - U'0'), Kind::english, begin, end};
      i == 0 ? append(chain, separator == 0 ? U' ' : separator, one) : join(chain, one);
    }
  }

  void append(NumeralChain& chain, char32_t separator, Numeral numeral) {
    bool const first = chain.numerals.empty();
    if (first || separator != 0 || chain.groups.back().kind != numeral.kind) {
      chain.groups.push_back({chain.numerals.size(), 0, first ? U'\0' : separator, numeral.kind});
    }
    join(chain, numeral);
  }

  static void join(NumeralChain& chain, Numeral numeral) {
    chain.numerals.push_back(numeral);
    ++chain.groups.back().size;
  }

  /// The end of the ASCII word at `at`; `at` when it is too long for a number or may still grow.
  [[nodiscard]] std::size_t word_end(std::size_t at) const {
    auto end = at;
    while (end - at <= longest_english_word && is_letter(text_.at(end))) ++end;
    if (end - at > longest_english_word || is_digit(text_.at(end))) return at;
    return end;
  }

  template <std::size_t N>
  [[nodiscard]] EnglishWord const* find(std::array<EnglishWord, N> const& words, std::size_t begin, std::size_t end) const {
    auto const same = [&](EnglishWord const& known) {
      if (known.word.size() != end - begin) return false;
      for (std::size_t i = begin; i < end; ++i) {
        if (lower(text_.text[i]) != known.word[i - begin]) return false;
      }
      return true;
    };
    auto const at = std::ranges::find_if(words, same);
    return at == words.end() ? nullptr : &*at;
  }

  /// The text ends in letters that a number word begins with, or in "double" or "triple" and what may follow.
  [[nodiscard]] bool begins_word(std::size_t at) const {
    auto const begins = [&](EnglishWord const& known) {
      for (std::size_t i = 0; at + i < text_.size(); ++i) {
        if (i >= known.word.size() || lower(text_.text[at + i]) != known.word[i]) return false;
      }
      return true;
    };
    if (std::ranges::any_of(english_words, begins) || std::ranges::any_of(multipliers, begins)) return true;
    auto const end = word_end(at);
    auto const repeat = end == at ? nullptr : find(multipliers, at, end);
    if (repeat == nullptr || repeat->digits[0] == U'0' || text_.at(end) != U' ') return false;
    at = end + 1;
    return std::ranges::any_of(english_words, begins);
  }

  NormalText const& text_;
  bool final_;
};

}  // namespace

std::vector<NumeralChain> numeral_chains(NormalText const& text, bool final) { return Reader(text, final).read(); }

}  // namespace parley::guard
