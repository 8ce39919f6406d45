#pragma once
// The one owner of the cores. All heavy work of all calls is cut into steps of at most some 50 ms and the most urgent step runs
// next, alone, with all the cores to itself: two libraries computing at once would each be slower than in turn (a 256-token
// prefill went from 1.1 s to 4.6 s beside a spinning pool).
//
//   Arbiter arbiter;
//   auto ticket = arbiter.submit(core::Urgency::first_sound, [&] { return more() ? Step::again : Step::done; });
//
// Thread rules: `submit`, `raise` and `Ticket` from any thread, also from inside a step. Steps run on the arbiter's own
// thread, one at a time, first come first served within one urgency; a step that answers `again` goes to the back of its
// urgency. A step must not throw and must not wait for another step.
#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "core/job.hpp"
#include "core/urgency.hpp"

namespace parley::engine {

enum class Step : std::uint8_t {
  again,  // there is more to do: call once more in turn
  done,   // forget this work
};

class Arbiter {
 public:
  /// Gets the work's stop token: when it has been asked to stop, the step cleans up and answers `done`. Work that is cancelled
  /// while it waits is still called in its turn, once, so that there is one place for cleaning up.
  using Work = std::function<Step(std::stop_token)>;

  Arbiter();
  ~Arbiter();  ///< runs no further step; work that is left is destroyed without having been called
  Arbiter(Arbiter const&) = delete;
  Arbiter& operator=(Arbiter const&) = delete;

  [[nodiscard]] core::Job submit(core::Urgency urgency, Work work);

  /// How many cores a step may use: all of the machine's, found once (cgroup limits are respected).
  [[nodiscard]] int cores() const noexcept { return cores_; }

  struct Load {
    std::array<std::size_t, core::urgency_levels> waiting{};
    std::chrono::nanoseconds busy{0};  ///< time spent in steps since the start
    std::chrono::nanoseconds longest_step{0};
    std::uint64_t steps = 0;
    struct Level {
      std::chrono::nanoseconds busy{0};    ///< time spent in its steps
      std::chrono::nanoseconds waited{0};  ///< that its steps have waited for their turn, together
      std::uint64_t steps = 0;
    };
    std::array<Level, core::urgency_levels> levels{};  ///< by urgency
  };
  [[nodiscard]] Load load() const;

 private:
  struct Item {
    Work work;
    std::stop_source stop;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();  ///< when it began to wait
  };
  void run(std::stop_token stopping);

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::array<std::deque<Item>, core::urgency_levels> queues_;
  Load load_;
  int cores_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace parley::engine
