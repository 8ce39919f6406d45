#include "core/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/utf8.hpp"

namespace parley::core {
namespace {

std::size_t edit_distance(std::u32string const& a, std::u32string const& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const replace = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
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
