#include "engine/ggml/lookup_draft.hpp"

#include <algorithm>
#include <cmath>

namespace parley::engine {
namespace {

constexpr std::size_t shortest_match = 3;  // tokens; two stand together again by chance
constexpr std::size_t longest_match = 12;
/// Of a step that reads one token, what each token more adds to its time, about: 0.5B model, two cores.
constexpr double price = 0.35;
constexpr double memory = 0.85;     // of the running mean
constexpr double recovery = 0.005;  // of hope, with every token that is written without a draft

/// How many tokens before `a` are those before `b`.
std::size_t match(std::span<LookupDraft::Token const> text, std::size_t a, std::size_t b) {
  std::size_t length = 0;
  while (length < std::min(a, longest_match) && text[a - 1 - length] == text[b - 1 - length]) ++length;
  return length;
}

}  // namespace

std::span<LookupDraft::Token const> LookupDraft::next(std::span<Token const> text, std::size_t most) {
  // As many as are each likelier to be drawn than they are dear.
  auto const worth = right_ > price ? static_cast<std::size_t>(std::log(price) / std::log(std::min(right_, 0.99))) : 0;
  std::size_t const wanted = std::min({worth, most, longest});
  if (wanted == 0) {
    right_ = std::min(right_ + recovery, 1.0);
    return {};
  }
  std::size_t best = 0, after = 0;
  for (std::size_t at = text.size() - std::min<std::size_t>(text.size(), 1); at >= shortest_match; --at) {
    std::size_t const length = match(text, at, text.size());
    if (length > best) {
      best = length;
      after = at;
    }
    if (best == longest_match) break;
  }
  if (best < shortest_match) return {};
  return text.subspan(after, std::min(wanted, text.size() - after));
}

void LookupDraft::drawn(std::size_t foretold, std::size_t right) {
  // What stood behind the first wrong one was never asked.
  for (std::size_t i = 0; i < std::min(foretold, right + 1); ++i) right_ = memory * right_ + (i < right ? 1 - memory : 0);
}

}  // namespace parley::engine
