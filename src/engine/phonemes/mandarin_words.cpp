#include "engine/phonemes/mandarin_words.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace parley::engine {
namespace {

enum State : std::size_t { begin, end, middle, single };

// The two states that may come before each; of two equally good ones the later letter wins (E over B over M …), as in jieba.
constexpr std::array<std::array<State, 2>, 4> before{{{end, single}, {begin, middle}, {begin, middle}, {end, single}}};

// Most probable way from the back: how long the word is that begins at each place.
std::vector<std::size_t> best_lengths(MandarinLexicon const& lexicon, std::u32string_view run) {
  std::vector<double> score(run.size() + 1, 0.0);
  std::vector<std::size_t> lengths(run.size(), 1);
  for (auto at = run.size(); at-- > 0;) {
    std::optional<double> best;
    auto const consider = [&](std::size_t length, float log_probability) {
      auto const total = static_cast<double>(log_probability) + score[at + length];
      if (best && total < *best) return;
      best = total;
      lengths[at] = length;
    };
    std::optional<MandarinLexicon::Node> node = MandarinLexicon::root;
    for (std::size_t length = 1; at + length <= run.size(); ++length) {
      node = lexicon.child(*node, run[at + length - 1]);
      if (!node) break;
      if (lexicon.is_word(*node)) consider(length, lexicon.log_probability(*node));
    }
    if (!best) consider(1, lexicon.unknown_word());
    score[at] = *best;
  }
  return lengths;
}

bool is_known_word(MandarinLexicon const& lexicon, std::u32string_view word) {
  std::optional<MandarinLexicon::Node> node = MandarinLexicon::root;
  for (auto const c : word) {
    node = lexicon.child(*node, c);
    if (!node) return false;
  }
  return lexicon.is_word(*node);
}

std::vector<State> most_probable_states(MandarinLexicon const& lexicon, std::u32string_view run) {
  constexpr auto states = MandarinLexicon::hmm_states;
  std::vector<std::array<State, states>> came_from(run.size());
  std::array<double, states> score{};
  auto const first = lexicon.emissions(run[0]);
  for (std::size_t s = 0; s < states; ++s) score[s] = static_cast<double>(lexicon.start()[s]) + static_cast<double>(first[s]);
  for (std::size_t t = 1; t < run.size(); ++t) {
    auto const emission = lexicon.emissions(run[t]);
    std::array<double, states> next{};
    for (std::size_t s = 0; s < states; ++s) {
      auto const [one, two] = before[s];
      auto const by_one = score[one] + static_cast<double>(lexicon.transition(one, s));
      auto const by_two = score[two] + static_cast<double>(lexicon.transition(two, s));
      came_from[t][s] = by_two >= by_one ? two : one;
      next[s] = std::max(by_one, by_two) + static_cast<double>(emission[s]);
    }
    score = next;
  }
  std::vector<State> path(run.size());
  path.back() = score[single] >= score[end] ? single : end;
  for (auto t = run.size() - 1; t > 0; --t) path[t - 1] = came_from[t][path[t]];
  return path;
}

void cut_unknown(MandarinLexicon const& lexicon, std::u32string_view run, std::vector<std::u32string_view>& words) {
  auto const states = most_probable_states(lexicon, run);
  std::size_t from = 0;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (states[i] != end && states[i] != single && i + 1 < run.size()) continue;
    words.push_back(run.substr(from, i + 1 - from));
    from = i + 1;
  }
}

}  // namespace

std::vector<std::u32string_view> cut_words(MandarinLexicon const& lexicon, std::u32string_view run) {
  std::vector<std::u32string_view> words;
  auto const lengths = best_lengths(lexicon, run);
  std::size_t singles = 0;  // how many single characters lie just before `at`
  auto const settle = [&](std::size_t at) {
    auto const loose = run.substr(at - singles, singles);
    if (singles > 1 && !is_known_word(lexicon, loose)) {
      cut_unknown(lexicon, loose, words);
    } else {
      for (std::size_t i = 0; i < singles; ++i) words.push_back(loose.substr(i, 1));
    }
    singles = 0;
  };
  for (std::size_t at = 0; at < run.size(); at += lengths[at]) {
    if (lengths[at] == 1) {
      ++singles;
      continue;
    }
    settle(at);
    words.push_back(run.substr(at, lengths[at]));
  }
  settle(run.size());
  return words;
}

}  // namespace parley::engine
