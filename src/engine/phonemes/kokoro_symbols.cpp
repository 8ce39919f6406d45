#include "engine/phonemes/kokoro_symbols.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/utf8.hpp"
#include "speech/spoken_text.hpp"

namespace parley::engine {
namespace {

constexpr auto npos = std::u32string_view::npos;

// The vocabulary of Kokoro-82M v1.0 (its config.json, "vocab").
constexpr std::u32string_view vocabulary =
    U";:,.!?—…\"()“” \u0303ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔˈˌːʰʲ↓→↗↘ᵻ";

struct Mark {
  char32_t written;
  std::u32string_view symbols;
};
// Chinese marks carry their space with them; an English one has it in the text.
constexpr std::array<Mark, 36> marks{
    {{U'，', U", "}, {U'、', U", "}, {U'。', U". "}, {U'．', U". "}, {U'！', U"! "}, {U'？', U"? "},
     {U'：', U": "}, {U'；', U"; "}, {U'（', U" ("}, {U'）', U") "}, {U'《', U" “"}, {U'》', U"” "},
     {U'「', U" “"}, {U'」', U"” "}, {U'『', U" “"}, {U'』', U"” "}, {U'【', U" “"}, {U'】', U"” "},
     {U'«', U" “"},  {U'»', U"” "},  {U'“', U"“"},   {U'”', U"”"},   {U'—', U"—"},   {U'–', U"—"},
     {U'…', U"…"},   {U',', U","},   {U'.', U"."},   {U'!', U"!"},   {U'?', U"?"},   {U';', U";"},
     {U':', U":"},   {U'(', U"("},   {U')', U")"},   {U'"', U"\""},  {U'·', U" "},   {U'～', U"—"}}};

Mark const* find_mark(char32_t c) {
  auto const found = std::ranges::find(marks, c, &Mark::written);
  return found == marks.end() ? nullptr : &*found;
}

enum class Kind : std::uint8_t { han, letters, mark, space };

struct Run {
  Kind kind;
  std::u32string_view text;
};

bool joins_letters(char32_t c) { return c == U'\'' || c == U'’' || c == U'-' || c == U'.'; }

Kind kind_of(std::u32string_view text, std::size_t i) {
  auto const c = text[i];
  if (core::is_han(c)) return Kind::han;
  auto const is_letter = [&](std::size_t at) {
    return at < text.size() && (core::is_latin_letter(text[at]) || core::is_ascii_digit(text[at]));
  };
  // it's, well-known, site.com, the boys' room
  if (joins_letters(c) && i > 0 && is_letter(i - 1) && (is_letter(i + 1) || c == U'\'' || c == U'’')) return Kind::letters;
  if (find_mark(c) != nullptr) return Kind::mark;
  if (core::is_space(c) || c < 0x21) return Kind::space;
  return is_letter(i) || (c >= 0x300 && !core::is_cjk_punctuation(c) && !core::is_emoji(c) && !(c >= 0x2000 && c < 0x2C00))
             ? Kind::letters
             : Kind::space;
}

// Letters go to espeak-ng in whole phrases: it stresses a word by its neighbours.
std::vector<Run> runs_of(std::u32string_view text) {
  std::vector<Run> runs;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const kind = kind_of(text, i);
    auto const extends = !runs.empty() && runs.back().kind == kind && kind != Kind::mark;
    if (!extends) {
      runs.push_back({kind, {}});
      begin = i;
    }
    runs.back().text = text.substr(begin, i + 1 - begin);
  }
  std::vector<Run> joined;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    auto const bridges = runs[i].kind == Kind::space && !joined.empty() && joined.back().kind == Kind::letters &&
                         i + 1 < runs.size() && runs[i + 1].kind == Kind::letters;
    if (!bridges) {
      joined.push_back(runs[i]);
      continue;
    }
    auto const* const start = joined.back().text.data();
    ++i;
    joined.back().text = {start, static_cast<std::size_t>(runs[i].text.data() + runs[i].text.size() - start)};
  }
  return joined;
}

void replace_all(std::u32string& text, std::u32string_view from, std::u32string_view to) {
  for (auto at = text.find(from); at != npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

struct Rule {
  std::u32string_view from, to;
};

template <std::size_t N>
void apply(std::array<Rule, N> const& rules, std::u32string& text) {
  for (auto const& [from, to] : rules) replace_all(text, from, to);
}

// A syllabic consonant becomes a short vowel and the consonant.
void make_syllabic(std::u32string& symbols) {
  for (auto at = symbols.find(U'\u0329'); at != npos; at = symbols.find(U'\u0329')) {
    symbols.erase(at, 1);
    if (at > 0 && symbols[at - 1] != U' ') symbols.insert(at - 1, 1, U'ᵊ');
  }
}

// Single spaces, none at the ends or before a mark that ends something, and symbols of the vocabulary only.
std::u32string tidied(std::u32string_view symbols) {
  std::u32string tidy;
  for (auto const c : symbols) {
    if (!is_kokoro_symbol(c)) continue;
    auto const last = tidy.empty() ? U' ' : tidy.back();
    if (c == U' ' && last == U' ') continue;
    if (last == U' ' && !tidy.empty() && std::u32string_view(U",.!?;:)").find(c) != npos) tidy.pop_back();
    tidy.push_back(c);
  }
  while (!tidy.empty() && tidy.back() == U' ') tidy.pop_back();
  return tidy;
}

}  // namespace

bool is_kokoro_symbol(char32_t c) { return vocabulary.find(c) != npos; }

std::u32string kokoro_english(std::string_view ipa, Accent accent) {
  static constexpr std::array<Rule, 20> shared{{{U"ʔˌn\u0329", U"ʔn"}, {U"ʔn\u0329", U"ʔn"}, {U"a^ɪ", U"I"}, {U"a^ʊ", U"W"},
                                                {U"d^ʒ", U"ʤ"},        {U"e^ɪ", U"A"},       {U"t^ʃ", U"ʧ"}, {U"ɔ^ɪ", U"Y"},
                                                {U"ə^l", U"ᵊl"},       {U"ʲo", U"jo"},       {U"ʲə", U"jə"}, {U"e^ə", U"ɛː"},
                                                {U"e", U"A"},          {U"ʲ", U""},          {U"ɚ", U"əɹ"},  {U"r", U"ɹ"},
                                                {U"x", U"k"},          {U"ç", U"k"},         {U"ɐ", U"ə"},   {U"ɬ", U"l"}}};
  static constexpr std::array<Rule, 5> american{{{U"o^ʊ", U"O"}, {U"ɜːɹ", U"ɜɹ"}, {U"ɜː", U"ɜɹ"}, {U"ɪə", U"iə"}, {U"ː", U""}}};
  static constexpr std::array<Rule, 2> british{{{U"iə", U"ɪə"}, {U"ə^ʊ", U"Q"}}};
  static constexpr std::array<Rule, 4> last{{{U"\u0303", U""}, {U"o", U"ɔ"}, {U"ɾ", U"T"}, {U"ʔ", U"t"}}};

  auto symbols = core::decode_utf8(ipa);
  apply(shared, symbols);
  make_syllabic(symbols);
  if (accent == Accent::british) {
    apply(british, symbols);
  } else {
    apply(american, symbols);
  }
  apply(last, symbols);
  std::erase(symbols, U'^');
  std::erase_if(symbols, [](char32_t c) { return !is_kokoro_symbol(c); });
  return symbols;
}

core::Result<KokoroSymbols> KokoroSymbols::load(std::filesystem::path const& lexicon, std::shared_ptr<Espeak const> espeak) {
  auto mandarin = Mandarin::load(lexicon);
  if (!mandarin) return std::unexpected(std::move(mandarin.error()));
  return KokoroSymbols(std::make_shared<Mandarin const>(std::move(*mandarin)), std::move(espeak));
}

core::Result<std::u32string> KokoroSymbols::operator()(std::string_view text, std::string_view language, Accent accent) const {
  auto const spoken = core::decode_utf8(speech::spoken_text(text, language));
  auto const runs = runs_of(spoken);
  std::vector<std::string> letters;
  for (auto const& run : runs) {
    if (run.kind == Kind::letters) letters.push_back(core::encode_utf8(run.text));
  }
  auto const english = espeak_->phonemes_of(letters, accent == Accent::british ? "en-gb" : "en-us", Ties::caret);
  if (!english) return std::unexpected(english.error());

  std::u32string symbols;
  auto next = english->begin();
  auto before = Kind::space;
  for (auto const& run : runs) {
    auto const scripts_meet =
        (before == Kind::han && run.kind == Kind::letters) || (before == Kind::letters && run.kind == Kind::han);
    if (scripts_meet) symbols.push_back(U' ');
    switch (run.kind) {
      case Kind::han: symbols += mandarin_->symbols(run.text); break;
      case Kind::letters: symbols += kokoro_english(*next++, accent); break;
      case Kind::mark: symbols += find_mark(run.text.front())->symbols; break;
      case Kind::space: symbols.push_back(U' '); break;
    }
    before = run.kind;
  }
  auto all = tidied(symbols);
  auto const says_something =
      std::ranges::any_of(all, [](char32_t c) { return std::u32string_view(U";:,.!?—…\"()“” ").find(c) == npos; });
  return says_something ? all : std::u32string();
}

}  // namespace parley::engine
