#include "engine/arbiter.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::engine {
namespace {

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

Arbiter::Arbiter() : cores_(usable_cores()), thread_([this](std::stop_token stopping) { run(stopping); }) {}

Arbiter::~Arbiter() {
  thread_.request_stop();
  thread_.join();
}

core::Job Arbiter::submit(core::Urgency urgency, Work work) {
  Item item{std::move(work), {}};
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
    if (step == Step::again) ready->push_back(std::move(item));
  }
}

}  // namespace parley::engine
