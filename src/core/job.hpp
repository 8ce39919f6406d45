#pragma once
// A piece of work that something else does for us: a transcript, a reply, a clause of sound.
// Dropping the Job asks the work to stop; its sink may still be called once or twice from another thread meanwhile, so
// whoever receives results checks the number they carry (reply, revision), never the Job.
#include <stop_token>
#include <utility>

namespace parley::core {

class Job {
 public:
  Job() noexcept : source_(std::nostopstate) {}
  explicit Job(std::stop_source source) noexcept : source_(std::move(source)) {}
  Job(Job&& other) noexcept : source_(std::exchange(other.source_, std::stop_source(std::nostopstate))) {}
  Job& operator=(Job&& other) noexcept {
    if (this != &other) {
      cancel();
      source_ = std::exchange(other.source_, std::stop_source(std::nostopstate));
    }
    return *this;
  }
  Job(Job const&) = delete;
  Job& operator=(Job const&) = delete;
  ~Job() { cancel(); }

  /// Returns at once; the work ends within one step of the arbiter. Safe from any thread, any number of times.
  void cancel() noexcept {
    if (source_.stop_possible()) source_.request_stop();
  }

 private:
  std::stop_source source_;
};

}  // namespace parley::core
