#include "engine/ggml/sequence_cache.hpp"

#include <algorithm>

namespace parley::engine {

std::optional<int> SequenceCache::oldest_idle(std::optional<int> spare) const {
  std::optional<int> oldest;
  for (int i = 0; i < static_cast<int>(sequences_.size()); ++i) {
    if (at(i).busy || i == spare) continue;
    // an empty one is always the first to go
    auto const age = [&](int sequence) { return at(sequence).tokens.empty() ? 0 : at(sequence).used + 1; };
    if (!oldest || age(i) < age(*oldest)) oldest = i;
  }
  return oldest;
}

std::optional<SequenceCache::Claim> SequenceCache::claim(std::span<Token const> prompt, std::size_t most, Adapter adapter) {
  std::optional<int> best;
  std::size_t kept = 0;
  for (int i = 0; i < static_cast<int>(sequences_.size()); ++i) {
    if (at(i).adapter != adapter) continue;
    auto const& tokens = at(i).tokens;
    std::size_t const limit = std::min({tokens.size(), prompt.size(), most});
    auto const common = static_cast<std::size_t>(
        std::mismatch(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(limit), tokens.begin()).first -
        prompt.begin());
    if (common > kept || (common == kept && common > 0 && at(*best).busy && !at(i).busy)) {
      best = i;
      kept = common;
    }
  }

  Claim claim;
  claim.kept = kept;
  bool const continued = best && !at(*best).busy && at(*best).tokens.size() <= kept + 1;
  auto const room = continued ? best : oldest_idle(best);
  if (room) {
    claim.sequence = *room;
    if (room != best && kept > 0) claim.from = best;
  } else if (best && !at(*best).busy) {
    claim.sequence = *best;  // the only idle one: its own tail has to go
  } else {
    return std::nullopt;
  }

  Sequence& own = at(claim.sequence);
  own.tokens.assign(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(kept));
  own.adapter = adapter;
  own.busy = true;
  own.used = ++now_;
  if (best) at(*best).used = now_;
  return claim;
}

std::size_t SequenceCache::known(std::span<Token const> prompt, Adapter adapter) const {
  std::size_t most = 0;
  for (auto const& sequence : sequences_) {
    if (sequence.adapter != adapter) continue;
    auto const common = std::ranges::mismatch(prompt, sequence.tokens).in1 - prompt.begin();
    most = std::max(most, static_cast<std::size_t>(common));
  }
  return most;
}

void SequenceCache::append(int sequence, std::span<Token const> tokens) {
  auto& own = at(sequence).tokens;
  own.insert(own.end(), tokens.begin(), tokens.end());
}

void SequenceCache::release(int sequence) {
  at(sequence).busy = false;
  at(sequence).used = ++now_;
}

void SequenceCache::forget(int sequence) {
  at(sequence).tokens.clear();
  at(sequence).busy = false;
}

std::optional<int> SequenceCache::longest_idle() const {
  std::optional<int> oldest;
  for (int i = 0; i < static_cast<int>(sequences_.size()); ++i) {
    if (at(i).busy || at(i).tokens.empty()) continue;
    if (!oldest || at(i).used < at(*oldest).used) oldest = i;
  }
  return oldest;
}

std::size_t SequenceCache::idle_tokens() const {
  std::size_t sum = 0;
  for (auto const& sequence : sequences_) sum += sequence.busy ? 0 : sequence.tokens.size();
  return sum;
}

}  // namespace parley::engine
