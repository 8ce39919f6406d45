#include "core/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/utf8.hpp"

namespace parley::core {
namespace {

/// Two neighbours swapped count once, as they do for a hand (optimal string alignment).
std::size_t edit_distance(std::u32string const& a, std::u32string const& b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string suggest(std::string_view word, std::span<std::string const> candidates) {
  auto const typed = decode_utf8(word);
  std::string best;
  std::size_t nearest = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (auto const& candidate : candidates) {
    auto const distance = edit_distance(typed, decode_utf8(candidate));
    if (distance < nearest) {
      nearest = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace parley::core
