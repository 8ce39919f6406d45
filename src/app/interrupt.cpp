#include "app/interrupt.hpp"

#include <unistd.h>

#include <ctime>

namespace parley::app {

Interrupt::Interrupt() {
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ours, &before_);
  // A thread that waits needs no handler and so no global state.
  waiter_ = std::jthread([ours, source = source_](std::stop_token done) mutable {
    timespec const tick{0, 100'000'000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&ours, nullptr, &tick) < 0) continue;
      if (source.stop_requested()) _exit(130);
      source.request_stop();
    }
  });
}

Interrupt::~Interrupt() {
  waiter_.request_stop();
  waiter_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace parley::app
