#include "engine/phonemes/pinyin.hpp"

#include <algorithm>
#include <array>

namespace parley::engine {
namespace {

struct Sound {
  std::string_view spelling;
  std::u32string_view symbols;  // in a final, 0 is where the tone's arrow goes
};

template <std::size_t N>
std::u32string_view find(std::array<Sound, N> const& table, std::string_view spelling) {
  auto const found = std::ranges::find(table, spelling, &Sound::spelling);
  return found == table.end() ? std::u32string_view() : found->symbols;
}

// Two letters first: zh before z.
constexpr std::array<Sound, 21> initials{{{"zh", U"ꭧ"}, {"ch", U"ꭧʰ"}, {"sh", U"ʂ"}, {"b", U"p"},  {"p", U"pʰ"}, {"m", U"m"},
                                          {"f", U"f"},  {"d", U"t"},   {"t", U"tʰ"}, {"n", U"n"},  {"l", U"l"},  {"g", U"k"},
                                          {"k", U"kʰ"}, {"h", U"x"},   {"j", U"ʨ"},  {"q", U"ʨʰ"}, {"x", U"ɕ"},  {"r", U"ɻ"},
                                          {"z", U"ʦ"},  {"c", U"ʦʰ"},  {"s", U"s"}}};

constexpr std::array<Sound, 35> finals{
    {{"a", U"a0"},      {"ai", U"ai0"},   {"an", U"a0n"},    {"ang", U"a0ŋ"},  {"ao", U"au0"},   {"e", U"ɤ0"},
     {"ei", U"ei0"},    {"en", U"ə0n"},   {"eng", U"ə0ŋ"},   {"i", U"i0"},     {"ia", U"ja0"},   {"ian", U"jɛ0n"},
     {"iang", U"ja0ŋ"}, {"iao", U"jau0"}, {"ie", U"je0"},    {"in", U"i0n"},   {"ing", U"i0ŋ"},  {"iong", U"jʊ0ŋ"},
     {"iou", U"jou0"},  {"o", U"wo0"},    {"ong", U"ʊ0ŋ"},   {"ou", U"ou0"},   {"u", U"u0"},     {"ua", U"wa0"},
     {"uai", U"wai0"},  {"uan", U"wa0n"}, {"uang", U"wa0ŋ"}, {"uei", U"wei0"}, {"uen", U"wə0n"}, {"ueng", U"wə0ŋ"},
     {"uo", U"wo0"},    {"v", U"y0"},     {"van", U"ɥɛ0n"},  {"ve", U"ɥe0"},   {"vn", U"y0n"}}};

// Interjections and the rest that has no initial and final.
constexpr std::array<Sound, 8> whole{
    {{"er", U"ɚ0"}, {"o", U"ɔ0"}, {"E", U"ɛ0"}, {"m", U"m0"}, {"n", U"n0"}, {"ng", U"ŋ0"}, {"hm", U"hm0"}, {"hng", U"hŋ0"}}};

// Spelling of a syllable that begins with the vowel itself: yi, ya, wu, wo, yu, yuan …
std::string final_behind_y_or_w(std::string_view spelling) {
  auto const rest = spelling.substr(1);
  if (rest.empty()) return {};
  if (spelling.front() == 'w') return rest == "u" || rest == "ong" ? std::string(rest) : "u" + std::string(rest);
  if (rest.starts_with('u')) return "v" + std::string(rest.substr(1));
  if (rest == "o") return "o";  // yo, as the voices know it
  return rest.starts_with('i') ? std::string(rest) : "i" + std::string(rest);
}

std::string full_final(std::string_view initial, std::string_view final) {
  auto const palatal = initial == "j" || initial == "q" || initial == "x";
  if (palatal && final.starts_with('u')) return "v" + std::string(final.substr(1));
  if (final == "iu") return "iou";
  if (final == "ui") return "uei";
  if (final == "un") return "uen";
  if (final == "ue") return "ve";
  return std::string(final);
}

bool is_hissing(std::string_view initial) {
  return initial == "z" || initial == "c" || initial == "s" || initial == "zh" || initial == "ch" || initial == "sh" ||
         initial == "r";
}

std::u32string with_arrow(std::u32string_view initial, std::u32string_view final, char tone) {
  std::u32string symbols(initial);
  for (auto const c : final) {
    if (c != U'0') {
      symbols.push_back(c);
    } else if (tone != '5') {
      symbols.push_back(std::u32string_view(U"→↗↓↘")[static_cast<std::size_t>(tone - '1')]);
    }
  }
  return symbols;
}

}  // namespace

std::u32string kokoro_syllable(std::string_view pinyin) {
  if (pinyin.size() < 2 || pinyin.back() < '1' || pinyin.back() > '5') return {};
  auto const tone = pinyin.back();
  auto const spelling = pinyin.substr(0, pinyin.size() - 1);
  if (auto const symbols = find(whole, spelling); !symbols.empty()) return with_arrow({}, symbols, tone);
  if (spelling.front() == 'y' || spelling.front() == 'w') {
    auto const symbols = find(finals, final_behind_y_or_w(spelling));
    return symbols.empty() ? std::u32string() : with_arrow({}, symbols, tone);
  }
  auto const initial = std::ranges::find_if(initials, [&](Sound const& sound) { return spelling.starts_with(sound.spelling); });
  auto const letters = initial == initials.end() ? std::string_view() : initial->spelling;
  auto const begin = initial == initials.end() ? std::u32string_view() : initial->symbols;
  auto const final = full_final(letters, spelling.substr(letters.size()));
  if (final == "i" && is_hissing(letters)) return with_arrow(begin, U"ɨ0", tone);  // si, shi: the buzz of the initial itself
  auto const symbols = find(finals, final);
  return symbols.empty() ? std::u32string() : with_arrow(begin, symbols, tone);
}

}  // namespace parley::engine
