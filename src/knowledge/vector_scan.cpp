#include "knowledge/vector_scan.hpp"

#include <algorithm>
#include <cmath>

namespace parley::knowledge {
namespace {

constexpr std::size_t block = 32;

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define PARLEY_SIMD_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define PARLEY_SIMD_CLONES
#endif

/// The products of one query with every row. 127 * 127 * 4096 dimensions fit into 32 bits.
PARLEY_SIMD_CLONES
void products(std::int8_t const* rows, std::size_t count, std::size_t row, std::int16_t const* query, std::int32_t* out) {
  for (std::size_t r = 0; r < count; ++r) {
    std::int8_t const* const values = rows + r * row;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < row; i += block) {
      for (std::size_t j = 0; j < block; ++j) sum += static_cast<std::int16_t>(values[i + j]) * query[i + j];
    }
    out[r] = sum;
  }
}

/// Whole numbers from -127 to 127 and what they are to be multiplied with.
template <class Number>
float quantise(std::span<float const> vector, Number* out) {
  float largest = 0;
  for (float const x : vector) largest = std::max(largest, std::abs(x));
  if (!(largest > 0)) return 0;
  float const up = 127 / largest;
  for (std::size_t i = 0; i < vector.size(); ++i) out[i] = static_cast<Number>(std::lrintf(vector[i] * up));
  return largest / 127;
}

}  // namespace

VectorScan::VectorScan(std::size_t dimensions) : dimensions_(dimensions), row_((dimensions + block - 1) / block * block) {}

void VectorScan::put(std::int64_t id, std::span<float const> vector) {
  remove(id);
  places_[id] = ids_.size();
  ids_.push_back(id);
  rows_.resize(rows_.size() + row_, 0);
  scales_.push_back(quantise(vector.first(std::min(vector.size(), dimensions_)), rows_.data() + rows_.size() - row_));
}

void VectorScan::remove(std::int64_t id) {
  auto const found = places_.find(id);
  if (found == places_.end()) return;
  std::size_t const at = found->second;
  std::size_t const last = ids_.size() - 1;
  places_.erase(found);
  if (at != last) {  // the last one takes the place
    std::copy_n(rows_.data() + last * row_, row_, rows_.data() + at * row_);
    scales_[at] = scales_[last];
    ids_[at] = ids_[last];
    places_[ids_[at]] = at;
  }
  rows_.resize(last * row_);
  scales_.pop_back();
  ids_.pop_back();
}

std::vector<Near> VectorScan::nearest(std::span<float const> query, std::size_t count,
                                      std::function<bool(std::int64_t)> const& admit) const {
  std::vector<std::int16_t> whole(row_, 0);
  float const scale = quantise(query.first(std::min(query.size(), dimensions_)), whole.data());
  std::vector<std::int32_t> sums(ids_.size());
  products(rows_.data(), ids_.size(), row_, whole.data(), sums.data());
  std::vector<Near> found;
  found.reserve(ids_.size());
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (!admit || admit(ids_[i])) found.push_back({ids_[i], static_cast<float>(sums[i]) * scale * scales_[i]});
  }
  auto const nearer = [](Near const& a, Near const& b) { return a.score > b.score || (a.score == b.score && a.id < b.id); };
  auto const kept = static_cast<std::ptrdiff_t>(std::min(count, found.size()));
  std::ranges::nth_element(found, found.begin() + kept, nearer);
  found.resize(static_cast<std::size_t>(kept));
  std::ranges::sort(found, nearer);
  return found;
}

}  // namespace parley::knowledge
