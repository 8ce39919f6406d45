#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/ggml/llama_context.hpp"

namespace parley::engine {

/// Who computes next. `submit` from any thread; everything else runs on the arbiter's.
class LlamaScheduler : public std::enable_shared_from_this<LlamaScheduler> {
 public:
  LlamaScheduler(std::shared_ptr<LlamaWeights const> weights, std::unique_ptr<LlamaContext> context,
                 LlamaOptions const& options, Arbiter& arbiter)
      : weights_(std::move(weights)), context_(std::move(context)), options_(options), arbiter_(arbiter) {}

  /// Error `busy` when the queue is full.
  [[nodiscard]] core::Result<void> submit(std::unique_ptr<LlamaRequest> request);

  [[nodiscard]] LlamaWeights const& weights() const noexcept { return *weights_; }
  [[nodiscard]] LlamaAdapters const& adapters() const noexcept { return context_->adapters(); }
  [[nodiscard]] LlamaOptions const& options() const noexcept { return options_; }
  [[nodiscard]] Arbiter& arbiter() const noexcept { return arbiter_; }

 private:
  using Request = std::unique_ptr<LlamaRequest>;
  struct Level {
    std::deque<Request> waiting;  // guarded by mutex_, as is
    bool pumping = false;
    core::Job job;
  };

  Step step(core::Urgency urgency);
  void drop_cancelled();
  void admit(core::Urgency urgency);
  [[nodiscard]] bool make_way(core::Urgency urgency);
  [[nodiscard]] bool room_for(LlamaRequest const& request) const;
  [[nodiscard]] Request next(core::Urgency urgency);
  [[nodiscard]] bool is_being_read(LlamaRequest const& request) const;
  void put_back(std::vector<Request> requests);
  [[nodiscard]] std::vector<LlamaRequest*> choose(core::Urgency urgency);
  [[nodiscard]] LlamaContext::Pace pace(core::Urgency urgency);
  [[nodiscard]] Level& level(core::Urgency urgency) { return levels_[static_cast<std::size_t>(urgency)]; }
  [[nodiscard]] std::chrono::milliseconds expected_wait(std::size_t ahead) const;
  void take(LlamaContext::Part const& part);
  [[nodiscard]] bool write(LlamaRequest& request, DrawnToken const& drawn);
  [[nodiscard]] language::TokenScore score_of(DrawnToken const& drawn) const;
  void finish(LlamaRequest& request, language::FinishReason reason);
  void fail(core::Urgency urgency, int adapter);
  void end(LlamaRequest& request);

  std::shared_ptr<LlamaWeights const> weights_;
  std::unique_ptr<LlamaContext> context_;
  LlamaOptions options_;
  Arbiter& arbiter_;
  std::vector<Request> live_;                                    // only on the arbiter's thread, as is all down to the mutex
  std::map<std::string, std::uint64_t, std::less<>> last_turn_;  ///< client → when its last request was begun
  std::uint64_t turns_ = 0;
  int adapter_ = 0;        ///< of the step before
  int steps_with_it_ = 0;  ///< in a row
  std::uint64_t call_steps_ = 0;
  core::Instant call_heard_{};  ///< when a step of a call was last seen
  std::mutex mutex_;
  std::array<core::Instant, 2> came_{};  ///< when the last two requests did, the newest first
  std::array<Level, core::urgency_levels> levels_;
  double service_ms_ = 2000;  ///< a request from its beginning to its end, a running mean; guarded by mutex_
};

}  // namespace parley::engine
