#pragma once
// Requests that come all at once, as far as a model can tell: it computes nothing until the last of them is there, so that the
// same requests are put together in the same steps each time.
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/ggml/llama.hpp"

namespace parley::engine {

/// Read as it stands and answered greedily, with the two likeliest tokens told, so that near ties show.
inline language::GenerateRequest raw(std::string prompt, int max_tokens) {
  language::GenerateRequest request;
  request.messages = {{language::Speaker::user, std::move(prompt)}};
  request.raw = true;
  request.sampling.temperature = 0;
  request.sampling.repeat_penalty = 1;
  request.sampling.max_tokens = max_tokens;
  request.sampling.alternatives = 2;
  return request;
}

/// What somebody was told. When two tokens were all but equally likely, the sums' last digits decide between them, and these
/// hang on which requests share a step: then another answer is no mistake.
struct Told {
  std::string text;
  std::optional<language::Finish> finish;
  std::optional<core::Error> error;
  int pieces = 0;
  std::size_t place = 0;  ///< how many others had ended before
  bool near_tie = false;  ///< only seen with `alternatives` of 2 or more
  [[nodiscard]] bool ended() const { return finish || error; }
};

class Together {
 public:
  /// Told of each piece on the arbiter's thread: of which request, and the how many-th of it. May call `cancel`.
  using Watch = std::function<void(std::size_t request, int piece)>;

  Together(Llama& llama, Arbiter& arbiter) : llama_(llama), arbiter_(arbiter) {}

  std::vector<Told> run(std::vector<language::GenerateRequest> const& requests, Watch watch = {}) {
    told_.assign(requests.size(), {});
    cancelled_.assign(requests.size(), false);
    jobs_.clear();
    watch_ = std::move(watch);
    open_ = requests.size();
    ended_ = 0;
    std::promise<void> all_there;
    auto const gate = arbiter_.submit(core::Urgency::running_dry, [wait = all_there.get_future().share()](std::stop_token) {
      wait.wait();
      return Step::done;
    });
    for (std::size_t i = 0; i < requests.size(); ++i) {
      jobs_.push_back(llama_.generate(requests[i], [this, i](language::Piece piece) { take(i, std::move(piece)); }));
    }
    all_there.set_value();
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(over_.wait_for(lock, std::chrono::seconds(180), [&] { return open_ == 0; }));
    return told_;
  }

  /// Only from `watch`. False when it had ended.
  bool cancel(std::size_t request) {
    if (told_[request].ended() || cancelled_[request]) return false;
    cancelled_[request] = true;
    jobs_[request].cancel();
    close();
    return true;
  }

 private:
  void take(std::size_t i, language::Piece piece) {
    constexpr float tie = 0.03F;  // what is kept in 16 bits was seen to make up to 0.006
    EXPECT_FALSE(cancelled_[i]) << "request " << i << " was cancelled and is told something";
    Told& told = told_[i];
    EXPECT_FALSE(told.ended()) << "nothing may come after the end";
    ++told.pieces;
    if (auto* delta = std::get_if<language::Delta>(&piece)) {
      told.text += delta->text;
      for (auto const& token : delta->tokens) {
        auto const& best = token.likeliest;
        told.near_tie = told.near_tie || (best.size() > 1 && best[0].logprob - best[1].logprob < tie);
      }
    }
    if (auto* finish = std::get_if<language::Finish>(&piece)) told.finish = *finish;
    if (auto* error = std::get_if<core::Error>(&piece)) told.error = *error;
    if (told.ended()) told.place = ended_++;
    if (watch_) watch_(i, told.pieces);
    if (told.ended()) close();  // last: whoever waits may go
  }
  void close() {
    std::lock_guard lock(mutex_);
    --open_;
    over_.notify_all();
  }

  Llama& llama_;
  Arbiter& arbiter_;
  std::vector<Told> told_;  // the arbiter's thread while it runs, as are the next three
  std::vector<bool> cancelled_;
  Watch watch_;
  std::size_t ended_ = 0;
  std::vector<core::Job> jobs_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::size_t open_ = 0;
};

}  // namespace parley::engine
