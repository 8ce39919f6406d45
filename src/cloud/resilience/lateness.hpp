#pragma once
#include <algorithm>
#include <vector>

#include "core/clock.hpp"

namespace parley::cloud {

/// When a first piece is late: behind 95 of the last 100. A value.
class Lateness {
 public:
  static constexpr std::size_t remembered = 100, enough = 20;
  static constexpr core::Duration at_first = std::chrono::seconds(2);         ///< until enough are known
  static constexpr core::Duration at_least = std::chrono::milliseconds(200);  ///< a service that is always fast is not doubled

  void add(core::Duration first_piece) {
    if (times_.size() < remembered) {
      times_.push_back(first_piece);
    } else {
      times_[next_++ % remembered] = first_piece;
    }
  }
  [[nodiscard]] core::Duration late() const {
    if (times_.size() < enough) return at_first;
    auto sorted = times_;
    std::ranges::sort(sorted);
    return std::max(at_least, sorted[(sorted.size() * 95 + 99) / 100 - 1]);
  }

 private:
  std::vector<core::Duration> times_;
  std::size_t next_ = 0;
};

}  // namespace parley::cloud
