#include "engine/arbiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

namespace parley::engine {
namespace {

using namespace std::chrono_literals;
using core::Urgency;
using ::testing::ElementsAre;

/// Holds the arbiter's thread inside a step, so that a queue can be built up behind it.
class Hold {
 public:
  explicit Hold(Arbiter& arbiter)
      : job_(arbiter.submit(Urgency::running_dry, [this](std::stop_token) {
          holding_.release();
          release_.acquire();
          return Step::done;
        })) {
    holding_.acquire();
  }
  void release() { release_.release(); }

 private:
  std::binary_semaphore holding_{0};
  std::binary_semaphore release_{0};
  core::Job job_;
};

/// Jobs that write their name down, and a way to wait for all of them.
class Notes {
 public:
  Arbiter::Work work(std::string name, int steps = 1) {
    ++expected_;
    return [this, name = std::move(name), steps](std::stop_token) mutable {
      {
        std::lock_guard lock(mutex_);
        names_.push_back(name);
      }
      if (--steps > 0) return Step::again;
      done_.release();
      return Step::done;
    };
  }
  std::vector<std::string> wait() {
    for (; expected_ > 0; --expected_) done_.acquire();
    std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
  std::counting_semaphore<> done_{0};
  int expected_ = 0;
};

TEST(Arbiter, TheMostUrgentRunsFirst) {
  Notes notes;
  std::vector<core::Job> jobs;
  Arbiter arbiter;
  Hold hold(arbiter);
  jobs.push_back(arbiter.submit(Urgency::background, notes.work("background")));
  jobs.push_back(arbiter.submit(Urgency::text, notes.work("text")));
  jobs.push_back(arbiter.submit(Urgency::partial, notes.work("partial")));
  jobs.push_back(arbiter.submit(Urgency::final_transcript, notes.work("final")));
  jobs.push_back(arbiter.submit(Urgency::first_sound, notes.work("first sound")));
  jobs.push_back(arbiter.submit(Urgency::running_dry, notes.work("running dry")));
  hold.release();
  EXPECT_THAT(notes.wait(), ElementsAre("running dry", "first sound", "final", "partial", "text", "background"));
}

TEST(Arbiter, WithinOneUrgencyStepsTakeTurns) {
  Notes notes;
  Arbiter arbiter;
  Hold hold(arbiter);
  auto const a = arbiter.submit(Urgency::text, notes.work("a", 3));
  auto const b = arbiter.submit(Urgency::text, notes.work("b", 2));
  auto const c = arbiter.submit(Urgency::text, notes.work("c"));
  hold.release();
  EXPECT_THAT(notes.wait(), ElementsAre("a", "b", "c", "a", "b", "a"));
}

TEST(Arbiter, UrgentWorkComesInBetweenTwoSteps) {
  Notes notes;
  std::optional<core::Job> urgent;
  Arbiter arbiter;
  Hold hold(arbiter);
  auto const long_one = arbiter.submit(Urgency::background, [&, inner = notes.work("slow", 3)](std::stop_token stop) {
    if (!urgent) urgent = arbiter.submit(Urgency::first_sound, notes.work("urgent"));  // from within a step
    return inner(stop);
  });
  // `urgent` adds a note that wait() must know of before it is called: the first step has run when this has.
  Notes first_step;
  auto const marker = arbiter.submit(Urgency::background, first_step.work("marker"));
  hold.release();
  (void)first_step.wait();
  EXPECT_THAT(notes.wait(), ElementsAre("slow", "urgent", "slow", "slow"));
}

TEST(Arbiter, WorkThatWasCancelledInTheQueueIsCalledOnceToCleanUp) {
  std::atomic<int> calls = 0;
  std::atomic<bool> told = false;
  Notes notes;
  Arbiter arbiter;
  Hold hold(arbiter);
  auto job = arbiter.submit(Urgency::text, [&](std::stop_token stop) {
    ++calls;
    told = stop.stop_requested();
    return Step::done;
  });
  auto const after = arbiter.submit(Urgency::text, notes.work("after"));
  job.cancel();
  job.cancel();  // as often as one likes
  hold.release();
  (void)notes.wait();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(told);
}

TEST(Arbiter, DroppingTheJobAsksItsWorkAndNoOtherToStop) {
  std::atomic<bool> other_told = false;
  std::binary_semaphore stopped{0};
  Notes notes;
  Arbiter arbiter;
  auto const other = arbiter.submit(Urgency::background, [&](std::stop_token stop) {
    other_told = other_told || stop.stop_requested();
    return stop.stop_requested() ? Step::done : Step::again;
  });
  {
    auto const job = arbiter.submit(Urgency::text, [&](std::stop_token stop) {
      if (!stop.stop_requested()) return Step::again;
      stopped.release();
      return Step::done;
    });
  }
  EXPECT_TRUE(stopped.try_acquire_for(10s));
  EXPECT_FALSE(other_told);
}

TEST(Arbiter, FinishedWorkIsForgottenAtOnce) {
  Notes notes;
  auto const held = std::make_shared<int>(0);
  Arbiter arbiter;
  auto const job = arbiter.submit(Urgency::text, [held, inner = notes.work("x")](std::stop_token stop) { return inner(stop); });
  (void)notes.wait();
  Notes barrier;  // the step after it starts when everything about it is gone
  auto const next = arbiter.submit(Urgency::text, barrier.work("y"));
  (void)barrier.wait();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Arbiter, DestructionLeavesTheQueueUncalled) {
  std::atomic<int> calls = 0;
  auto const held = std::make_shared<int>(0);
  std::vector<core::Job> jobs;
  {
    std::optional<Arbiter> arbiter(std::in_place);
    Hold hold(*arbiter);
    for (int i = 0; i < 10; ++i) {
      jobs.push_back(arbiter->submit(Urgency::text, [&calls, held](std::stop_token) {
        ++calls;
        return Step::done;
      }));
    }
    std::jthread const later([&] {
      std::this_thread::sleep_for(20ms);  // the destructor is asking the thread to end by now
      hold.release();
    });
    arbiter.reset();
  }
  EXPECT_LE(calls, 10);
  EXPECT_EQ(held.use_count(), 1);
  for (auto& job : jobs) job.cancel();  // harmless after the end
}

TEST(Arbiter, FromManyThreadsNothingIsLost) {
  constexpr int threads = 4;
  constexpr int each = 200;
  std::atomic<int> steps = 0;
  std::latch all(threads * each);
  Arbiter arbiter;
  {
    std::vector<std::jthread> submitters;
    std::mutex mutex;
    std::vector<core::Job> jobs;
    for (int t = 0; t < threads; ++t) {
      submitters.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          auto job =
              arbiter.submit(static_cast<Urgency>((t + i) % core::urgency_levels), [&, left = 3](std::stop_token) mutable {
                ++steps;
                if (--left > 0) return Step::again;
                all.count_down();
                return Step::done;
              });
          std::lock_guard lock(mutex);
          jobs.push_back(std::move(job));
        }
      });
    }
    submitters.clear();
    all.wait();
  }
  EXPECT_EQ(steps, threads * each * 3);
}

TEST(Arbiter, SaysHowBusyItIs) {
  Notes notes;
  Arbiter arbiter;
  EXPECT_GE(arbiter.cores(), 1);
  Hold hold(arbiter);
  auto const a = arbiter.submit(Urgency::text, notes.work("a"));
  auto const b = arbiter.submit(Urgency::text, notes.work("b"));
  auto const c = arbiter.submit(Urgency::first_sound, [inner = notes.work("c")](std::stop_token stop) mutable {
    std::this_thread::sleep_for(5ms);
    return inner(stop);
  });
  auto const before = arbiter.load();
  EXPECT_THAT(before.waiting, ElementsAre(0U, 1U, 0U, 0U, 2U, 0U));
  EXPECT_EQ(before.steps, 0U);
  hold.release();
  (void)notes.wait();
  Notes barrier;
  auto const last = arbiter.submit(Urgency::text, barrier.work("last"));
  (void)barrier.wait();
  auto const after = arbiter.load();
  EXPECT_THAT(after.waiting, ElementsAre(0U, 0U, 0U, 0U, 0U, 0U));
  EXPECT_GE(after.steps, 4U);
  EXPECT_GE(after.busy, 5ms);
  EXPECT_GE(after.longest_step, 5ms);
  EXPECT_LE(after.longest_step, after.busy);
}

TEST(Arbiter, the_load_says_of_each_urgency_how_long_it_worked_and_waited) {
  Arbiter arbiter;
  Hold hold(arbiter);
  Notes notes;
  auto const partial = arbiter.submit(Urgency::partial, notes.work("partial", 2));
  auto const text = arbiter.submit(Urgency::text, notes.work("text"));
  hold.release();
  notes.wait();
  Notes after;  // the steps before have been counted when this one runs
  auto const last = arbiter.submit(Urgency::background, after.work("last"));
  after.wait();
  auto const load = arbiter.load();
  auto const& level = [&](Urgency urgency) -> auto const& { return load.levels[static_cast<std::size_t>(urgency)]; };
  EXPECT_EQ(level(Urgency::partial).steps, 2U);
  EXPECT_EQ(level(Urgency::text).steps, 1U);
  EXPECT_EQ(level(Urgency::final_transcript).steps, 0U);
  EXPECT_GT(level(Urgency::running_dry).busy.count(), 0);
  EXPECT_GE(level(Urgency::text).waited, level(Urgency::partial).busy);
}

}  // namespace
}  // namespace parley::engine
