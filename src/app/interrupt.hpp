#pragma once
// Ctrl-C and SIGTERM as a stop token, for commands that leave something worth keeping.
#include <csignal>
#include <stop_token>
#include <thread>

namespace parley::app {

/// While it lives, the first signal requests the stop and the second ends the process at once. Threads and programs started
/// meanwhile inherit the blocked signals (models::run unblocks them for its children).
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(Interrupt const&) = delete;
  Interrupt& operator=(Interrupt const&) = delete;
  [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }

 private:
  std::stop_source source_;
  sigset_t before_{};
  std::jthread waiter_;
};

}  // namespace parley::app
