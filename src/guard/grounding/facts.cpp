#include "guard/grounding/facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/utf8.hpp"

namespace parley::guard {
namespace {

using View = std::u32string_view;

constexpr View han_digits = U"零一二三四五六七八九";

std::optional<int> han_digit(char32_t c) {
  if (c == U'〇') return 0;
  if (c == U'两') return 2;
  auto const at = han_digits.find(c);
  if (at == View::npos) return std::nullopt;
  return static_cast<int>(at);
}

double han_unit(char32_t c) {
  switch (c) {
    case U'十': return 10;
    case U'百': return 100;
    case U'千': return 1000;
    case U'万': return 1e4;
    case U'亿': return 1e8;
    default: return 0;
  }
}

struct Word {
  View word;
  double value;
};
constexpr std::array<Word, 27> english{{
    {U"two", 2},       {U"three", 3},    {U"four", 4},     {U"five", 5},       {U"six", 6},       {U"seven", 7},
    {U"eight", 8},     {U"nine", 9},     {U"ten", 10},     {U"eleven", 11},    {U"twelve", 12},   {U"thirteen", 13},
    {U"fourteen", 14}, {U"fifteen", 15}, {U"sixteen", 16}, {U"seventeen", 17}, {U"eighteen", 18}, {U"nineteen", 19},
    {U"twenty", 20},   {U"thirty", 30},  {U"forty", 40},   {U"fifty", 50},     {U"sixty", 60},    {U"seventy", 70},
    {U"eighty", 80},   {U"ninety", 90},  {U"one", 1},
}};
constexpr std::array<Word, 5> scales{
    {{U"hundred", 100}, {U"thousand", 1e3}, {U"million", 1e6}, {U"billion", 1e9}, {U"trillion", 1e12}}};
constexpr std::array<View, 12> months{U"january", U"february", U"march",     U"april",   U"may",      U"june",
                                      U"july",    U"august",   U"september", U"october", U"november", U"december"};
// What begins a sentence with a capital letter without being a name.
constexpr std::array<View, 72> common{
    U"the",   U"a",       U"an",     U"it",     U"its",    U"this",      U"that",    U"these", U"those", U"he",    U"she",
    U"they",  U"we",      U"you",    U"i",      U"in",     U"on",        U"at",      U"by",    U"for",   U"from",  U"to",
    U"of",    U"and",     U"or",     U"but",    U"if",     U"when",      U"as",      U"there", U"here",  U"yes",   U"no",
    U"not",   U"after",   U"before", U"while",  U"since",  U"with",      U"his",     U"her",   U"their", U"our",   U"your",
    U"my",    U"all",     U"some",   U"each",   U"both",   U"according", U"however", U"also",  U"what",  U"who",   U"how",
    U"where", U"why",     U"sorry",  U"please", U"thanks", U"then",      U"so",      U"about", U"today", U"hello", U"hi",
    U"dear",  U"welcome", U"thank",  U"good",   U"ok",     U"okay"};

class FactReader {
 public:
  explicit FactReader(NormalText const& text) : text_(text) {}

  std::vector<Fact> read() {
    for (std::size_t at = 0; at < text_.size();) {
      auto const end = next(at);
      at = end > at ? end : at + 1;
    }
    return std::move(facts_);
  }

 private:
  std::size_t next(std::size_t at) {
    auto const c = text_.text[at];
    if (c == U'《' || c == U'“' || c == U'「') return quoted(at);
    bool const word_begins = is_letter(c) && !is_alnum(text_.before(at));
    if (auto const end = written_date(at); end > at) return end;
    if (word_begins) {
      if (auto const end = english_date(at); end > at) return end;
      if (auto const end = english_number(at); end > at) return end;
      return name(at);
    }
    if (is_digit(c) && !is_letter(text_.before(at))) {
      if (auto const end = english_date(at); end > at) return end;
      return number(at);
    }
    return core::is_han(c) ? han_number(at) : at;
  }

  // ---- numbers --------------------------------------------------------------------------------------------------------------

  /// Digits with thousands separators and decimals; nothing when there are none.
  std::optional<double> digits(std::size_t& at) const {
    std::string plain;
    auto end = at;
    while (is_digit(text_.at(end)) ||
           (text_.at(end) == U',' && end > at && is_digit(text_.at(end + 1)) && is_digit(text_.at(end + 2)) &&
            is_digit(text_.at(end + 3)) && !is_digit(text_.at(end + 4)))) {
      if (is_digit(text_.text[end])) plain += static_cast<char>(text_.text[end]);
      ++end;
    }
    if (plain.empty() || plain.size() > 18) return std::nullopt;
    if (text_.at(end) == U'.' && is_digit(text_.at(end + 1))) {
      plain += '.';
      for (++end; is_digit(text_.at(end)); ++end) plain += static_cast<char>(text_.text[end]);
    }
    at = end;
    return std::stod(plain);
  }

  std::size_t number(std::size_t at) {
    auto end = at;
    auto value = digits(end);
    if (!value) return at;
    if (text_.at(end) == U':' && is_digit(text_.at(end + 1))) {  // a time of day
      auto const minutes = end + 1;
      end = minutes;
      while (is_digit(text_.at(end))) ++end;
      std::string form;
      for (auto i = at; i < end; ++i) form += static_cast<char>(text_.text[i]);
      facts_.push_back({Fact::Kind::number, at, end, form, *value, false});
      return end;
    }
    *value *= scale(end);
    add_number(at, end, *value);
    return facts_.back().end;
  }

  /// 万, 亿, 千, "million": what multiplies the number before it. Moves `end` behind it.
  double scale(std::size_t& end) const {
    double factor = 1;
    while (han_unit(text_.at(end)) >= 100) factor *= han_unit(text_.text[end++]);
    auto const word = text_.at(end) == U' ' ? end + 1 : end;
    for (auto const& known : scales) {
      if (!word_at(known.word, word)) continue;
      end = word + known.word.size();
      return factor * known.value;
    }
    return factor;
  }

  std::size_t han_number(std::size_t at) {
    bool const percent = View(text_.text).substr(at).starts_with(U"百分之");
    auto end = percent ? at + 3 : at;
    double total = 0, section = 0, digit = 0;
    std::string sequence;
    bool units = false, any = false;
    for (;; ++end) {
      auto const c = text_.at(end);
      if (auto const d = han_digit(c)) {
        digit = *d;
        sequence += static_cast<char>('0' + *d);
        any = true;
      } else if (auto const unit = han_unit(c); unit > 0 && (any || unit == 10)) {
        units = any = true;
        if (unit >= 1e4) {
          total = (total + section + digit) * unit;
          section = 0;
        } else {
          section += (digit == 0 ? 1 : digit) * unit;
        }
        digit = 0;
      } else {
        break;
      }
    }
    if (percent && !any) {
      auto const value = digits(end);
      if (!value) return at;
      facts_.push_back({Fact::Kind::number, at, end, fmt::format("{:.10g}%", *value), *value, about(at)});
      return end;
    }
    if (!any) return at;
    double value = units ? total + section + digit : sequence.size() <= 18 ? std::stod(sequence) : 0;
    if (text_.at(end) == U'点' && han_digit(text_.at(end + 1))) {
      std::string decimals = "0.";
      for (++end; han_digit(text_.at(end)); ++end) decimals += static_cast<char>('0' + *han_digit(text_.text[end]));
      value += std::stod(decimals);
      while (han_unit(text_.at(end)) >= 1e4) value *= han_unit(text_.text[end++]);
    } else if (end - at == 1 && !percent && !counted(at, end)) {
      return at;  // 一些, 十分, 统一
    }
    if (percent)
      facts_.push_back({Fact::Kind::number, at, end, fmt::format("{:.10g}%", value), value, about(at)});
    else
      add_number(at, end, value);
    return facts_.back().end;
  }

  /// A single numeral counts when something is counted with it.
  [[nodiscard]] bool counted(std::size_t at, std::size_t end) const {
    static constexpr View measures = U"个人名年月日天次家所种元块条台位小时分秒周岁层号楼座间门章节页米公里克斤吨度届级倍成折";
    if (text_.text[at] == U'十' && text_.at(end) == U'分') return false;
    return text_.text[at] != U'一' && measures.find(text_.at(end)) != View::npos && text_.at(end) != 0;
  }

  std::size_t english_number(std::size_t at) {
    double total = 0, section = 0;
    auto end = at;
    bool any = false;
    auto here = at;
    for (;;) {
      auto const* digit = find(english, here);
      auto const* unit = digit == nullptr && any ? find(scales, here) : nullptr;
      if (digit == nullptr && unit == nullptr) break;
      any = true;
      auto const& word = digit != nullptr ? *digit : *unit;
      if (digit != nullptr)
        section += word.value;
      else if (word.value == 100)
        section *= 100;
      else
        total = (total + section) * word.value, section = 0;
      end = here + word.word.size();
      here = end;
      if (text_.at(here) != U' ' && text_.at(here) != U'-') break;
      ++here;
      if (word_at(U"and", here) && text_.at(here + 3) == U' ') here += 4;
    }
    auto const value = total + section;
    if (!any || value == 1) return at;  // "one of them" counts nothing
    add_number(at, end, value);
    return facts_.back().end;
  }

  void add_number(std::size_t begin, std::size_t end, double value) {
    auto const rest = text_.at(end) == U' ' ? end + 1 : end;
    bool const percent = text_.at(end) == U'%' || word_at(U"percent", rest);
    if (percent) end = text_.at(end) == U'%' ? end + 1 : rest + 7;
    facts_.push_back(
        {Fact::Kind::number, begin, end, fmt::format("{:.10g}{}", value, percent ? "%" : ""), value, about(begin)});
  }

  [[nodiscard]] bool about(std::size_t at) const {
    return mentioned_before(text_, at, 14,
                            {U"about", U"some ", U"nearly", U"around", U"almost", U"roughly", U"approximately"}) ||
           mentioned_before(text_, at, 3, {U"约", U"近", U"大概", U"差不多", U"左右"});
  }

  // ---- dates ----------------------------------------------------------------------------------------------------------------

  /// 2024年5月3日, 二〇二四年, 5月3日, 2024-05-03, 2024/5/3.
  std::size_t written_date(std::size_t at) {
    if (is_alnum(text_.before(at)) && is_digit(text_.at(at))) return at;
    auto end = at;
    auto const first = small_number(end);
    if (!first) return at;
    auto const c = text_.at(end);
    if (c == U'年' && *first >= 1000) {
      ++end;
      int month = 0, day = 0;
      auto here = end;
      if (auto const m = small_number(here); m && text_.at(here) == U'月') {
        month = *m;
        end = ++here;
        if (auto const d = small_number(here); d && (text_.at(here) == U'日' || text_.at(here) == U'号')) {
          day = *d;
          end = here + 1;
        }
      }
      return add_date(at, end, *first, month, day);
    }
    if (c == U'月' && *first <= 12 && text_.at(end + 1) != U'份') {
      auto here = end + 1;
      auto const d = small_number(here);
      if (!d || (text_.at(here) != U'日' && text_.at(here) != U'号')) return at;
      return add_date(at, here + 1, 0, *first, *d);
    }
    if ((c == U'-' || c == U'/') && *first >= 1000 && *first < 3000 && is_digit(text_.at(end + 1))) {
      auto here = end + 1;
      auto const m = small_number(here);
      if (!m || *m > 12 || text_.at(here) != c || !is_digit(text_.at(here + 1))) return at;
      ++here;
      auto const d = small_number(here);
      if (!d || *d > 31) return at;
      return add_date(at, here, *first, *m, *d);
    }
    return at;
  }

  /// May 3, 2024; 3 May 2024; May 2024; May 3.
  std::size_t english_date(std::size_t at) {
    auto here = at;
    int day = 0, year = 0;
    if (is_digit(text_.at(here))) {
      auto const d = small_number(here);
      if (!d || *d > 31 || *d == 0) return at;
      day = *d;
      here = past_ordinal(here);
      if (text_.at(here) != U' ') return at;
      ++here;
      if (word_at(U"of", here)) here += 3;
    }
    int month = 0;
    for (std::size_t m = 0; m < months.size(); ++m) {
      if (word_at(months[m], here) && is_upper(text_.at(here))) {
        month = static_cast<int>(m) + 1;
        here += months[m].size();
        break;
      }
    }
    if (month == 0) return at;
    auto const read = [&](std::size_t from, int& into, int low, int high) {
      auto next = from;
      while (text_.at(next) == U' ' || text_.at(next) == U',') ++next;
      auto const value = is_digit(text_.at(next)) ? small_number(next) : std::nullopt;
      if (!value || *value < low || *value > high) return from;
      into = *value;
      return past_ordinal(next);
    };
    if (day == 0) here = read(here, day, 1, 31);
    here = read(here, year, 1000, 2999);
    if (day == 0 && year == 0) return at;
    return add_date(at, here, year, month, day);
  }

  [[nodiscard]] std::size_t past_ordinal(std::size_t at) const {
    for (View const ending : {U"st", U"nd", U"rd", U"th"}) {
      if (word_tail(ending, at)) return at + 2;
    }
    return at;
  }

  std::optional<int> small_number(std::size_t& at) const {
    auto end = at;
    int value = 0;
    while (is_digit(text_.at(end)) && end - at < 5) value = value * 10 + static_cast<int>(text_.text[end++] - U'0');
    if (end > at && !is_digit(text_.at(end))) {
      at = end;
      return value;
    }
    end = at;
    bool tens = false;
    while (end - at < 4) {
      if (auto const d = han_digit(text_.at(end)))
        value = tens ? value + *d : value * 10 + *d;
      else if (text_.at(end) == U'十' && !tens)
        value = (value == 0 ? 1 : value) * 10, tens = true;
      else
        break;
      ++end;
    }
    if (end == at) return std::nullopt;
    at = end;
    return value;
  }

  std::size_t add_date(std::size_t begin, std::size_t end, int year, int month, int day) {
    auto const part = [](int value) { return value == 0 ? std::string() : std::to_string(value); };
    facts_.push_back({Fact::Kind::date, begin, end, part(year) + "-" + part(month) + "-" + part(day), 0, false});
    return end;
  }

  // ---- names ----------------------------------------------------------------------------------------------------------------

  std::size_t quoted(std::size_t at) {
    auto const close = text_.text[at] == U'《' ? U'》' : text_.text[at] == U'“' ? U'”' : U'」';
    auto const end = text_.text.find(close, at);
    if (end == std::u32string::npos || end - at > 40 || end == at + 1) return at;
    add_name(at + 1, end);
    return end + 1;
  }

  /// Capitalised words one after the other, and words with capitals or digits inside (GPT-4, iPhone).
  std::size_t name(std::size_t at) {
    auto end = at, last = at;
    for (auto here = at; is_letter(text_.at(here));) {
      auto const stop = word_stop(here);
      bool const capital = is_upper(text_.text[here]) || std::any_of(text_.text.begin() + static_cast<std::ptrdiff_t>(here),
                                                                     text_.text.begin() + static_cast<std::ptrdiff_t>(stop),
                                                                     [](char32_t c) { return is_upper(c) || is_digit(c); });
      if (!capital || (here == at && is_common(at, stop))) break;
      end = last = stop;
      if (text_.at(stop) != U' ' || !is_upper(text_.at(stop + 1))) break;
      here = stop + 1;
    }
    if (end == at) return word_stop(at);
    // A lone short capital ("A", "I") names nothing.
    if (last - at >= 2) add_name(at, end);
    return end;
  }

  [[nodiscard]] std::size_t word_stop(std::size_t at) const {
    while (is_alnum(text_.at(at)) || ((text_.at(at) == U'-' || text_.at(at) == U'.') && is_alnum(text_.at(at + 1)))) ++at;
    return at;
  }
  [[nodiscard]] bool is_common(std::size_t begin, std::size_t end) const {
    std::u32string word;
    for (auto i = begin; i < end; ++i) word += lower(text_.text[i]);
    return std::ranges::find(common, View(word)) != common.end() || std::ranges::find(months, View(word)) != months.end();
  }

  void add_name(std::size_t begin, std::size_t end) {
    std::u32string form;
    for (auto i = begin; i < end; ++i) form += lower(text_.text[i]);
    facts_.push_back({Fact::Kind::name, begin, end, core::encode_utf8(form), 0, false});
  }

  // ---- words ----------------------------------------------------------------------------------------------------------------

  [[nodiscard]] bool word_tail(View word, std::size_t at) const {
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (lower(text_.at(at + i)) != word[i]) return false;
    }
    return !is_letter(text_.at(at + word.size()));
  }
  [[nodiscard]] bool word_at(View word, std::size_t at) const { return word_tail(word, at) && !is_letter(text_.before(at)); }

  template <std::size_t N>
  [[nodiscard]] Word const* find(std::array<Word, N> const& words, std::size_t at) const {
    auto const found = std::ranges::find_if(words, [&](Word const& w) { return word_at(w.word, at); });
    return found == words.end() ? nullptr : &*found;
  }

  NormalText const& text_;
  std::vector<Fact> facts_;
};

}  // namespace

std::vector<Fact> facts_of(NormalText const& text) { return FactReader(text).read(); }

bool agrees(Fact const& claim, Fact const& source) {
  if (claim.kind != source.kind) {
    // "in 2024" is a number, 2024年 a date.
    if (claim.kind == Fact::Kind::number && source.kind == Fact::Kind::date) return source.form.starts_with(claim.form + "-");
    if (claim.kind == Fact::Kind::date && source.kind == Fact::Kind::number) return claim.form == source.form + "--";
    return false;
  }
  if (claim.form == source.form) return true;
  if (claim.kind == Fact::Kind::number) {
    bool const same_kind = claim.form.ends_with('%') == source.form.ends_with('%');
    return claim.about && same_kind && source.value != 0 &&
           std::abs(claim.value - source.value) <= 0.05 * std::abs(source.value);
  }
  if (claim.kind == Fact::Kind::name) return source.form.find(claim.form) != std::string::npos;
  auto const parts = [](std::string const& form) {
    auto const a = form.find('-'), b = form.rfind('-');
    return std::array{form.substr(0, a), form.substr(a + 1, b - a - 1), form.substr(b + 1)};
  };
  auto const claimed = parts(claim.form), sourced = parts(source.form);
  for (std::size_t i = 0; i < 3; ++i) {
    if (!claimed[i].empty() && !sourced[i].empty() && claimed[i] != sourced[i]) return false;
    if (!claimed[i].empty() && sourced[i].empty() && i > 0) return false;  // says more than the source does
  }
  return true;
}

}  // namespace parley::guard
