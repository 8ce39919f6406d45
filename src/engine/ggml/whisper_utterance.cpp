#include "engine/ggml/whisper_utterance.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "audio/format.hpp"
#include "engine/ggml/transcript_text.hpp"

namespace parley::engine {
namespace {

constexpr std::int64_t longest_window = 20LL * audio::heard_hz;  // 0.5 s of computing on two cores; the model takes 30 s
constexpr std::int64_t shortest_head = 12LL * audio::heard_hz;
constexpr std::int64_t piled_up = 40LL * audio::heard_hz;

}  // namespace

std::size_t quietest_moment(std::span<float const> samples, std::size_t earliest) {
  constexpr std::size_t frame = audio::heard_hz / 100;
  constexpr std::size_t frames = 20;
  std::vector<double> power;
  for (std::size_t at = earliest; at + frame <= samples.size(); at += frame) {
    double sum = 0;
    for (float const x : samples.subspan(at, frame)) sum += static_cast<double>(x) * x;
    power.push_back(sum);
  }
  if (power.size() <= frames) return samples.size();
  double sum = 0;
  for (std::size_t i = 0; i < frames; ++i) sum += power[i];
  double least = sum;
  std::size_t best = 0;
  for (std::size_t i = frames; i < power.size(); ++i) {
    sum += power[i] - power[i - frames];
    if (sum < least) {
      least = sum;
      best = i - frames + 1;
    }
  }
  return earliest + (best + frames / 2) * frame;
}

bool WhisperUtterance::push(std::span<float const> samples) {
  std::lock_guard lock(mutex_);
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  return !options.recording && static_cast<std::int64_t>(samples_.size()) > piled_up && !waiting_ && !running_ && !closed_;
}

std::shared_ptr<WhisperRequest> WhisperUtterance::ask(std::uint64_t revision, core::Urgency urgency) {
  auto request = std::make_shared<WhisperRequest>();
  request->revision = revision;
  request->urgency = urgency;
  std::lock_guard lock(mutex_);
  request->until = total();
  if (waiting_) waiting_->dropped = true;
  if (running_ && urgency < running_->urgency) running_->dropped = true;
  waiting_ = request;
  return request;
}

void WhisperUtterance::begin(std::shared_ptr<WhisperRequest> const& request) {
  std::lock_guard lock(mutex_);
  if (waiting_ == request) waiting_.reset();
  running_ = request;
}

void WhisperUtterance::end(std::shared_ptr<WhisperRequest> const& request) {
  std::lock_guard lock(mutex_);
  if (running_ == request) running_.reset();
}

void WhisperUtterance::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  if (waiting_) waiting_->dropped = true;
  if (running_) running_->dropped = true;
}

WhisperUtterance::Window WhisperUtterance::next_window(std::int64_t until) const {
  std::lock_guard lock(mutex_);
  Window window;
  window.first = start_;
  std::int64_t const left = std::clamp<std::int64_t>(until - start_, 0, static_cast<std::int64_t>(samples_.size()));
  std::span<float const> rest(samples_.data(), static_cast<std::size_t>(left));
  if (left > longest_window) {
    window.last = false;
    rest = rest.first(quietest_moment(rest.first(longest_window), shortest_head));
  }
  window.samples.assign(rest.begin(), rest.end());
  window.draft = draft_;
  return window;
}

void WhisperUtterance::remember(Window const& window, std::vector<int> words) {
  std::lock_guard lock(mutex_);
  if (window.first == start_) draft_ = std::move(words);
}

void WhisperUtterance::settle(Window const& window, std::string text, std::vector<speech::Segment> segments,
                              WindowText const& figures) {
  std::lock_guard lock(mutex_);
  if (window.first != start_) return;
  draft_.clear();
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(window.samples.size()));
  start_ += static_cast<std::int64_t>(window.samples.size());
  settled_.text = join_transcripts(settled_.text, text);
  std::ranges::move(segments, std::back_inserter(settled_.segments));
  if (settled_.language.empty()) settled_.language = figures.language;
  settled_.log_probability += figures.log_probability;
  settled_.tokens += figures.tokens;
}

WhisperUtterance::Settled WhisperUtterance::settled() const {
  std::lock_guard lock(mutex_);
  return settled_;
}

}  // namespace parley::engine
