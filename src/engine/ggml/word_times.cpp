#include "engine/ggml/word_times.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/utf8.hpp"

namespace parley::engine {
namespace {

constexpr std::size_t frame = audio::heard_hz / 100;
constexpr std::size_t shortest_pause = 15;  // frames; a stop consonant is silent for up to a tenth of a second
constexpr std::size_t shortest_stretch = 5;
constexpr double bonus_for_mark = 0.3;  // seconds that a mark of punctuation at a pause is worth

struct Word {
  std::string text;
  double beats = 0;   ///< how long it takes to say, against the others
  bool mark = false;  ///< punctuation follows
};

bool is_part_of_word(char32_t c) {
  bool const ascii = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || c == '%';
  return ascii || c == U'’' || (c >= 0x80 && !core::is_cjk_punctuation(c) && !core::is_space(c));
}

/// A syllable of Chinese is about as long as three letters of English; a digit is a word of its own.
double beats_of(char32_t c) { return core::is_han(c) ? 3 : core::is_ascii_digit(c) ? 3 : 1; }

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  bool open = false;
  auto const characters = core::decode_utf8(text);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    char32_t const c = characters[i];
    bool const inside = open && i + 1 < characters.size() && is_part_of_word(characters[i + 1]);  // well-known, 3.5
    if (!is_part_of_word(c) && !(inside && (c == '-' || c == '.' || c == ','))) {
      if (!core::is_space(c) && !words.empty()) words.back().mark = true;
      open = false;
      continue;
    }
    if (!open || core::is_han(c)) words.emplace_back();
    core::append_utf8(words.back().text, c);
    words.back().beats += beats_of(c);
    open = !core::is_han(c);
  }
  return words;
}

struct Stretch {
  std::size_t begin = 0, end = 0;  ///< frames
  [[nodiscard]] double size() const { return static_cast<double>(end - begin); }
};

/// Where somebody speaks, between pauses.
std::vector<Stretch> stretches_of(std::span<float const> samples) {
  std::vector<float> level;
  for (std::size_t at = 0; at + frame <= samples.size(); at += frame) {
    float sum = 0;
    for (float const x : samples.subspan(at, frame)) sum += x * x;
    level.push_back(std::sqrt(sum / frame));
  }
  if (level.empty()) return {{0, 1}};
  auto sorted = level;
  std::ranges::sort(sorted);
  float const loud = sorted[sorted.size() * 9 / 10];
  float const threshold = std::max(loud * 0.06F, sorted[sorted.size() / 20] * 2);  // −24 dB, and above what is always there
  std::vector<Stretch> found;
  for (std::size_t i = 0; i < level.size(); ++i) {
    if (level[i] < threshold) continue;
    if (!found.empty() && i - found.back().end < shortest_pause)
      found.back().end = i + 1;
    else
      found.push_back({i, i + 1});
  }
  std::erase_if(found, [](Stretch const& each) { return each.end - each.begin < shortest_stretch; });
  if (found.empty()) found.push_back({0, level.size()});
  return found;
}

/// How many words lie before the end of each stretch, so that all are said at about the same speed and marks meet pauses.
std::vector<std::size_t> shares(std::vector<Word> const& words, std::vector<Stretch> const& stretches) {
  std::vector<double> beats(words.size() + 1);
  for (std::size_t i = 0; i < words.size(); ++i) beats[i + 1] = beats[i] + words[i].beats;
  double frames = 0;
  for (auto const& each : stretches) frames += each.size();
  double const per_beat = frames / std::max(beats.back(), 1.0);
  constexpr double never = std::numeric_limits<double>::max();
  std::vector<std::vector<double>> cost(stretches.size() + 1, std::vector<double>(words.size() + 1, never));
  std::vector<std::vector<std::size_t>> from(stretches.size() + 1, std::vector<std::size_t>(words.size() + 1));
  cost[0][0] = 0;
  for (std::size_t s = 0; s < stretches.size(); ++s) {
    for (std::size_t first = 0; first <= words.size(); ++first) {
      if (cost[s][first] == never) continue;
      for (std::size_t last = first; last <= words.size(); ++last) {
        double const off_s = std::abs((beats[last] - beats[first]) * per_beat - stretches[s].size()) / 100;
        bool const at_mark = last > first && last < words.size() && words[last - 1].mark;
        double const total = cost[s][first] + off_s * (1 + off_s) - (at_mark ? bonus_for_mark : 0);
        if (total < cost[s + 1][last]) {
          cost[s + 1][last] = total;
          from[s + 1][last] = first;
        }
      }
    }
  }
  std::vector<std::size_t> ends(stretches.size());
  std::size_t last = words.size();
  for (std::size_t s = stretches.size(); s-- > 0;) {
    ends[s] = last;
    last = from[s + 1][last];
  }
  return ends;
}

}  // namespace

std::vector<speech::TimedWord> place_words(std::string_view text, std::span<float const> samples, audio::Heard begin) {
  auto const words = words_of(text);
  if (words.empty()) return {};
  auto const stretches = stretches_of(samples);
  auto const ends = shares(words, stretches);
  auto const position = [&](double frames) {
    auto const at = static_cast<std::int64_t>(frames * frame);
    return begin + audio::Heard{std::min(at, static_cast<std::int64_t>(samples.size()))};
  };
  std::vector<speech::TimedWord> placed;
  std::size_t word = 0;
  for (std::size_t s = 0; s < stretches.size(); ++s) {
    double beats = 0;
    for (std::size_t i = word; i < ends[s]; ++i) beats += words[i].beats;
    double at = static_cast<double>(stretches[s].begin);
    for (; word < ends[s]; ++word) {
      double const length = stretches[s].size() * words[word].beats / beats;
      placed.push_back({words[word].text, position(at), position(at + length)});
      at += length;
    }
  }
  return placed;
}

}  // namespace parley::engine
