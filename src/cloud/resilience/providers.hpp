#pragma once
// A list of providers of the same thing, best first, and which of them is worth asking just now.
#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cloud/resilience/breaker.hpp"
#include "core/job.hpp"
#include "core/log.hpp"

namespace parley::cloud {

/// Another provider may do what this one could not. Not when the text itself was refused: what one filter refuses is not
/// carried to the next.
[[nodiscard]] inline bool worth_another(core::Code code) {
  return code != core::Code::cancelled && code != core::Code::invalid && code != core::Code::too_large;
}

/// Thread-safe.
template <class T>
class Providers {
 public:
  struct Entry {
    std::string name;
    std::shared_ptr<T> provider;
  };

  explicit Providers(std::vector<Entry> entries) : entries_(std::move(entries)), breakers_(entries_.size()) {}

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] Entry const& operator[](std::size_t i) const { return entries_[i]; }

  /// Those to be asked one after the other. Never empty: when none is worth asking, the one that will be first.
  [[nodiscard]] std::vector<std::size_t> order(core::Instant now, std::vector<std::size_t> const& wanted) {
    std::lock_guard const lock(mutex_);
    std::vector<std::size_t> out;
    for (auto const i : wanted) {
      if (breakers_[i].allow(now)) out.push_back(i);
    }
    if (out.empty() && !wanted.empty()) {
      out.push_back(*std::ranges::min_element(wanted, {}, [&](std::size_t i) { return breakers_[i].open_at(); }));
    }
    return out;
  }
  [[nodiscard]] std::vector<std::size_t> order(core::Instant now) {
    std::vector<std::size_t> all(entries_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    return order(now, all);
  }
  void succeeded(std::size_t i) {
    std::lock_guard const lock(mutex_);
    breakers_[i].success();
  }
  void failed(std::size_t i, core::Error const& error) {
    if (error.code == core::Code::cancelled) return;
    {
      std::lock_guard const lock(mutex_);
      breakers_[i].failure(core::Clock::now(), error.code);
    }
    spdlog::warn("{}: {}", entries_[i].name, core::describe(error));
  }

 private:
  std::vector<Entry> entries_;
  std::mutex mutex_;
  std::vector<Breaker> breakers_;
};

/// The job that is current behind one Job handed out: dropping that one ends whichever runs.
class CurrentJob {
 public:
  /// `turn` grows with every job. One that failed before it was handed over does not replace the next; after a stop every job
  /// ends here.
  void set(std::size_t turn, core::Job job) {
    core::Job old;
    std::lock_guard const lock(mutex_);
    if (stopped_ || turn < turn_) return;
    turn_ = turn;
    old = std::exchange(job_, std::move(job));
  }
  void stop() {
    core::Job job;
    {
      std::lock_guard const lock(mutex_);
      stopped_ = true;
      job = std::move(job_);
    }
  }
  [[nodiscard]] bool stopped() const {
    std::lock_guard const lock(mutex_);
    return stopped_;
  }

 private:
  mutable std::mutex mutex_;
  core::Job job_;
  std::size_t turn_ = 0;
  bool stopped_ = false;
};

}  // namespace parley::cloud
