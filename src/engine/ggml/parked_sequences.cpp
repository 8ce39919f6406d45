#include "engine/ggml/parked_sequences.hpp"

#include <algorithm>
#include <utility>

namespace parley::engine {
namespace {

std::size_t common(std::span<ParkedSequences::Token const> a, std::span<ParkedSequences::Token const> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// To bring back `longer` for the sake of `shorter` is no great detour.
bool near(std::size_t shorter, std::size_t longer) { return longer <= 2 * shorter; }

}  // namespace

ParkedSequences::Found ParkedSequences::find(std::span<Token const> prompt, Adapter adapter) const {
  Found best;
  for (auto const& each : all_) {
    if (each.adapter != adapter) continue;
    auto const known = common(prompt, each.tokens);
    if (known > best.known || (known > 0 && known == best.known && each.tokens.size() < best.where->tokens.size())) {
      best = {known, &each};
    }
  }
  return best;
}

bool ParkedSequences::holds(std::span<Token const> tokens, Adapter adapter) {
  auto const at = std::ranges::find_if(all_, [&](Parked const& each) {
    return each.adapter == adapter && near(tokens.size(), each.tokens.size()) && common(tokens, each.tokens) == tokens.size();
  });
  if (at == all_.end()) return false;
  all_.splice(all_.begin(), all_, at);
  return true;
}

void ParkedSequences::put(Parked parked, std::size_t most_bytes) {
  std::erase_if(all_, [&](Parked const& each) {
    bool const covered = each.adapter == parked.adapter && near(each.tokens.size(), parked.tokens.size()) &&
                         common(each.tokens, parked.tokens) == each.tokens.size();
    if (covered) bytes_ -= each.state.size();
    return covered;
  });
  bytes_ += parked.state.size();
  all_.push_front(std::move(parked));
  while (bytes_ > most_bytes) {
    bytes_ -= all_.back().state.size();
    all_.pop_back();
  }
}

}  // namespace parley::engine
