#pragma once
#include <algorithm>
#include <limits>
#include <utility>

#include "core/clock.hpp"

namespace parley::engine {

/// How many threads ggml should compute with. Its threads meet at a barrier after every operation and spin there, so when
/// another program holds one of the cores each of some hundred operations waits for a time slice: a token of 5 ms took 600 ms
/// and more, while a single thread took 7. So: all cores, until the work takes several times as long as it has been seen to
/// take, twice running (once is a moment that the machine gave to others); then half of them and half again, and all once more
/// after a while. When half of them are no faster, it was not the crowd: the work itself has become longer (a prompt after a
/// long one), and all cores do it. One thread at a time.
class ThreadChoice {
 public:
  explicit ThreadChoice(int cores) : cores_(std::max(1, cores)), threads_(cores_) {}

  [[nodiscard]] int threads(core::Instant now) {
    if (threads_ < cores_ && now >= retry_) threads_ = cores_;
    return threads_;
  }

  /// The work just done with `threads()`. `units`: what its time is proportional to.
  void took(core::Duration time, double units, core::Instant now) {
    double const each = static_cast<double>(time.count()) / std::max(units, 1.0);
    if (double const with_all = std::exchange(doubted_, 0); with_all > 0 && threads_ < cores_ && each > gain * with_all) {
      threads_ = cores_;
      best_ = with_all;
      return;
    }
    bool const crowded = each > crowding * best_;
    if (each < best_) best_ = each;
    bool const again = std::exchange(crowded_, crowded);
    if (threads_ == cores_ && !crowded) patience_ = shortest_patience;
    if (!crowded || threads_ == 1) return;
    if (threads_ == cores_) {
      if (!again) return;
      doubted_ = each;
      retry_ = now + patience_;
      patience_ = std::min(2 * patience_, longest_patience);
    }
    threads_ = std::max(1, threads_ / 2);
  }

 private:
  static constexpr double crowding = 4;
  static constexpr double gain = 0.8;  ///< what fewer threads must make of a step's time to be kept
  static constexpr core::Duration shortest_patience = std::chrono::seconds(1);
  static constexpr core::Duration longest_patience = std::chrono::seconds(16);

  int cores_;
  int threads_;
  bool crowded_ = false;  ///< the step before was
  double best_ = std::numeric_limits<double>::max();
  double doubted_ = 0;  ///< a unit's time with all cores, when they were given up for it in the step before; else 0
  core::Duration patience_ = shortest_patience;
  core::Instant retry_{};
};

}  // namespace parley::engine
