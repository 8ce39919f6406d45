#include "engine/ggml/shortlist.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

namespace parley::engine {
namespace {

constexpr std::size_t block = 64;
constexpr float lowest = -std::numeric_limits<float>::infinity();

float highest_of(std::span<float const> scores) {
  std::array<float, 8> lanes;  // so that no comparison waits for the one before
  lanes.fill(lowest);
  std::size_t i = 0;
  for (; i + lanes.size() <= scores.size(); i += lanes.size()) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] = std::max(lanes[lane], scores[i + lane]);
  }
  for (; i < scores.size(); ++i) lanes[0] = std::max(lanes[0], scores[i]);
  return *std::ranges::max_element(lanes);
}

}  // namespace

std::vector<std::pair<std::int32_t, float>> highest(std::span<float const> scores, std::size_t count) {
  count = std::min(count, scores.size());
  std::vector<std::pair<std::int32_t, float>> found;
  if (count == 0) return found;
  std::vector<float> tops;  // of each block
  for (std::size_t at = 0; at < scores.size(); at += block) {
    tops.push_back(highest_of(scores.subspan(at, std::min(block, scores.size() - at))));
  }
  // Each of the `count` blocks with the highest tops holds one score of at least the lowest of these tops, so the scores that
  // are looked for are not below it; nor are they in other blocks, but for equal ones.
  float bound = lowest;
  if (count < tops.size()) {
    auto sorted = tops;
    auto const last = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::ranges::nth_element(sorted, last, std::greater<>());
    bound = *last;
  }
  for (std::size_t i = 0; i < tops.size(); ++i) {
    if (tops[i] < bound) continue;
    for (std::size_t at = i * block; at < std::min((i + 1) * block, scores.size()); ++at) {
      if (!(scores[at] < bound)) found.emplace_back(static_cast<std::int32_t>(at), scores[at]);
    }
  }
  auto const better = [](auto const& a, auto const& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  count = std::min(count, found.size());
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(count), better);
  found.resize(count);
  return found;
}

}  // namespace parley::engine
