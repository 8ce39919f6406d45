#pragma once
// The sound of one utterance and the requests for its transcript: what the caller's thread and the arbiter's share.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/urgency.hpp"
#include "engine/ggml/whisper_pass.hpp"
#include "speech/recogniser.hpp"

namespace parley::engine {

struct WhisperRequest {
  std::uint64_t revision = 0;
  core::Urgency urgency = core::Urgency::partial;
  std::int64_t until = 0;             ///< transcribe the samples before this one, counted from the start of the utterance
  std::atomic<bool> dropped = false;  ///< replaced or given up
};

class WhisperUtterance {
 public:
  WhisperUtterance(speech::RecogniserOptions wanted, speech::Recogniser::Sink listener)
      : options(std::move(wanted)), sink(std::move(listener)) {}

  /// True when so much has piled up that it should be transcribed now.
  [[nodiscard]] bool push(std::span<float const> samples);
  /// Replaces what has not begun; gives up what is running when this is more urgent than that.
  [[nodiscard]] std::shared_ptr<WhisperRequest> ask(std::uint64_t revision, core::Urgency urgency);
  void begin(std::shared_ptr<WhisperRequest> const& request);  ///< it runs from now on: no longer replaceable
  void end(std::shared_ptr<WhisperRequest> const& request);
  void close();

  struct Window {
    std::int64_t first = 0;  ///< of the utterance
    std::vector<float> samples;
    std::vector<int> draft;  ///< what an earlier request heard in it, perhaps in less of it
    bool last = true;        ///< the rest; otherwise the head up to a quiet moment
  };
  [[nodiscard]] Window next_window(std::int64_t until) const;
  /// What was heard in a window that was the last: a later request begins with it.
  void remember(Window const& window, std::vector<int> words);
  /// The text before the window's end is now known for good (unless another request was faster).
  void settle(Window const& window, std::string text, std::vector<speech::Segment> segments, WindowText const& figures);
  struct Settled {
    std::string text;
    std::vector<speech::Segment> segments;
    std::string language;
    double log_probability = 0;
    int tokens = 0;
  };
  [[nodiscard]] Settled settled() const;

  speech::RecogniserOptions const options;
  speech::Recogniser::Sink const sink;

 private:
  [[nodiscard]] std::int64_t total() const { return start_ + static_cast<std::int64_t>(samples_.size()); }

  mutable std::mutex mutex_;
  std::vector<float> samples_;  ///< from `start_` on
  std::int64_t start_ = 0;
  std::vector<int> draft_;  ///< of the window that begins at `start_`
  Settled settled_;
  std::shared_ptr<WhisperRequest> waiting_;
  std::shared_ptr<WhisperRequest> running_;
  bool closed_ = false;
};

/// Where to cut [earliest, size) of `samples`: the middle of its quietest 200 ms.
[[nodiscard]] std::size_t quietest_moment(std::span<float const> samples, std::size_t earliest);

}  // namespace parley::engine
