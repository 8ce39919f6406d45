#include "engine/arbiter.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <utility>

namespace parley::engine {
namespace {

/// The processor time a container may use, in cores; a large number when there is no limit. A limit of 1.5 counts as 1: a
/// second thread would be stopped for half of its time, and the first would wait for it at every barrier.
int cgroup_cores() {
  double quota = -1;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {  // "200000 100000", or "max 100000"
  } else if (std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); v1_quota >> quota) {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  if (quota <= 0 || period <= 0) return std::numeric_limits<int>::max();
  return std::max(1, static_cast<int>(quota / period));
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int const cores =
      sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(cores, cgroup_cores()));
}

}  // namespace

Arbiter::Arbiter() : cores_(usable_cores()), thread_([this](std::stop_token stopping) { run(stopping); }) {}

Arbiter::~Arbiter() {
  thread_.request_stop();
  thread_.join();
}

core::Job Arbiter::submit(core::Urgency urgency, Work work) {
  Item item;
  item.work = std::move(work);
  core::Job job(item.stop);
  {
    std::lock_guard lock(mutex_);
    queues_[static_cast<std::size_t>(urgency)].push_back(std::move(item));
  }
  wake_.notify_one();
  return job;
}

Arbiter::Load Arbiter::load() const {
  std::lock_guard lock(mutex_);
  Load load = load_;
  for (std::size_t i = 0; i < queues_.size(); ++i) load.waiting[i] = queues_[i].size();
  return load;
}

void Arbiter::run(std::stop_token stopping) {
  std::unique_lock lock(mutex_);
  for (;;) {
    auto ready = queues_.end();
    wake_.wait(lock, stopping, [&] {
      ready = std::ranges::find_if(queues_, [](auto const& queue) { return !queue.empty(); });
      return ready != queues_.end();
    });
    if (stopping.stop_requested()) return;
    Item item = std::move(ready->front());
    ready->pop_front();
    lock.unlock();

    auto const begin = std::chrono::steady_clock::now();
    Step const step = item.work(item.stop.get_token());
    std::chrono::nanoseconds const took = std::chrono::steady_clock::now() - begin;
    if (step == Step::done) item.work = nullptr;  // its captures die outside the lock

    lock.lock();
    load_.busy += took;
    load_.longest_step = std::max(load_.longest_step, took);
    ++load_.steps;
    auto& level = load_.levels[static_cast<std::size_t>(ready - queues_.begin())];
    level.busy += took;
    level.waited += begin - item.since;
    ++level.steps;
    if (step == Step::done) continue;
    item.since = begin + took;
    ready->push_back(std::move(item));
  }
}

}  // namespace parley::engine
