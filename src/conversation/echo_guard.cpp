#include "conversation/echo_guard.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "audio/level.hpp"

namespace parley::conversation {
namespace {

constexpr std::size_t coarse = 4;                         // 16 kHz → 4 kHz: where speech has its strength
constexpr std::size_t low_hz = audio::heard_hz / coarse;  //
constexpr std::size_t window = low_hz * 64 / 100;         // so much sound is compared
constexpr std::size_t most_lag = low_hz;                  // EchoGuard::longest_delay
constexpr std::size_t per_frame = EchoGuard::frame_samples / coarse;
constexpr std::size_t pulled = EchoGuard::frame_samples * audio::spoken_hz / audio::heard_hz;
constexpr int between_looks = 4, between_later_looks = 16;  // frames
constexpr int looks_in_vain = 4;                            // at something loud: then there is no echo
constexpr std::int64_t echo_dies_away = 40;                 // frames after the player has fallen silent
constexpr float alike = 0.35F;                              // two voices that have nothing to do with each other stay below
constexpr float loud = 3e-3F;                               // −50 dBFS
constexpr float quiet_db = -55, well_removed_db = 9;
constexpr std::size_t frames_to_learn = 40;
constexpr float doubt_while_learning_db = 3, doubt_db = -9;
constexpr std::size_t earlier = 32 * audio::heard_hz / 1000;  // the filter is given room before the estimate

float rms(std::span<float const> samples) {
  float sum = 0;
  for (float const s : samples) sum += s * s;
  return samples.empty() ? 0 : std::sqrt(sum / static_cast<float>(samples.size()));
}

/// A quarter of the rate, the low tones taken back so that a vowel is not like itself one period later.
std::array<float, per_frame> whitened(std::span<float const> frame, float& edge) {
  std::array<float, per_frame> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    float mean = 0;
    for (std::size_t k = 0; k < coarse; ++k) mean += frame[i * coarse + k];
    mean /= coarse;
    out[i] = mean - 0.95F * std::exchange(edge, mean);
  }
  return out;
}

/// In four lanes, which the processor adds side by side.
float product(float const* a, float const* b, std::size_t count) {
  std::array<float, 8> lanes{};
  for (std::size_t i = 0; i + lanes.size() <= count; i += lanes.size()) {
    for (std::size_t k = 0; k < lanes.size(); ++k) lanes[k] += a[i + k] * b[i + k];
  }
  float sum = 0;
  for (float const lane : lanes) sum += lane;
  return sum;
}

}  // namespace

EchoGuard::EchoGuard()
    : resampled_(frame_samples / 2),  // what the resampler holds back at first
      played_(audio::heard_hz + 2 * frame_samples),
      played_low_(most_lag + window),
      heard_low_(window) {}

void EchoGuard::Past::push(std::span<float const> samples) {
  for (float const s : samples) {
    samples_[at_] = s;
    if (++at_ == samples_.size()) at_ = 0;
  }
}

void EchoGuard::Past::copy(std::size_t age, std::span<float> out) const {
  auto from = (at_ + 2 * samples_.size() - age - out.size()) % samples_.size();
  for (float& s : out) {
    s = samples_[from];
    if (++from == samples_.size()) from = 0;
  }
}

void EchoGuard::sent(audio::SharedSamples samples) {
  if (!samples || samples->empty()) return;
  ever_sent_ = true;
  queue_.push_back(std::move(samples));
}

void EchoGuard::stop() {
  queue_.clear();
  played_of_front_ = 0;
  held_ = false;
}

/// What the player plays while the microphone hears one frame, at the microphone's rate.
audio::Samples EchoGuard::play() {
  std::array<float, pulled> sound{};
  bool any = false;
  for (std::size_t at = 0; !held_ && at < sound.size() && !queue_.empty();) {
    auto const& front = *queue_.front();
    auto const count = std::min(sound.size() - at, front.size() - played_of_front_);
    std::copy_n(front.begin() + static_cast<std::ptrdiff_t>(played_of_front_), count,
                sound.begin() + static_cast<std::ptrdiff_t>(at));
    at += count;
    any = true;
    played_of_front_ += count;
    if (played_of_front_ == front.size()) {
      queue_.pop_front();
      played_of_front_ = 0;
    }
  }
  quiet_frames_ = any ? 0 : quiet_frames_ + 1;
  auto const more = to_heard_.push(sound);
  resampled_.insert(resampled_.end(), more.begin(), more.end());
  audio::Samples played(frame_samples);
  auto const count = std::min(played.size(), resampled_.size());
  std::copy_n(resampled_.begin(), count, played.begin());
  resampled_.erase(resampled_.begin(), resampled_.begin() + static_cast<std::ptrdiff_t>(count));
  return played;
}

audio::Samples EchoGuard::clean(std::span<float const> frame) {
  audio::Samples left(frame.begin(), frame.end());
  if (!ever_sent_) return left;
  left.resize(frame_samples);  // the last frame of a stream may be shorter
  auto const played = play();
  played_.push(played);
  played_low_.push(whitened(played, edge_played_));
  heard_low_.push(whitened(left, edge_heard_));
  bool const in_the_air = quiet_frames_ < echo_dies_away;
  if (in_the_air && --frames_to_look_ <= 0) look_for_echo();
  if (lag_) {
    left = subtract(left);
  } else if (in_the_air && looks_ < looks_in_vain) {
    std::ranges::fill(left, 0.0F);
  }
  left.resize(frame.size());
  return left;
}

void EchoGuard::look_for_echo() {
  bool const known = lag_ || looks_ >= looks_in_vain;
  frames_to_look_ = known ? between_later_looks : between_looks;
  std::array<float, window> heard{};
  heard_low_.copy(0, heard);
  if (rms(heard) < loud / 2) return;  // whitened: half of it is gone
  std::array<float, most_lag + window> played{};
  played_low_.copy(0, played);
  if (rms(played) < loud / 10) return;
  float const of_heard = product(heard.data(), heard.data(), window);
  float best = 0;
  std::size_t lag = 0;
  auto of_played = static_cast<double>(product(played.data() + most_lag, played.data() + most_lag, window));
  for (std::size_t l = 0; l < most_lag; ++l) {
    auto const* then = played.data() + (most_lag - l);
    if (l > 0) of_played += then[0] * then[0] - then[window] * then[window];
    if (of_played < 1e-6) continue;
    float const likeness = std::abs(product(heard.data(), then, window)) / std::sqrt(of_heard * static_cast<float>(of_played));
    if (likeness > best) {
      best = likeness;
      lag = l;
    }
  }
  if (best < alike) {
    near_.reset();
    if (!lag_) looks_ = std::min(looks_ + 1, looks_in_vain);
    return;
  }
  // Twice the same is no chance.
  bool const again = near_ && (*near_ > lag ? *near_ - lag : lag - *near_) <= 4;
  near_ = lag;
  if (!again) return;
  auto const found = lag * coarse;
  if (lag_ && (found > *lag_ ? found - *lag_ : *lag_ - found) < earlier) return;
  lag_ = found;
  canceller_.emplace();
  coupling_db_ = audio::level_db(heard) - audio::level_db(std::span(played).subspan(most_lag - lag, window));
  played_db_.fill(audio::level_db({}));
  frames_ = learned_ = 0;
}

audio::Samples EchoGuard::subtract(std::span<float const> frame) {
  std::array<float, frame_samples> played{};
  played_.copy(*lag_ > earlier ? *lag_ - earlier : 0, played);
  audio::Samples left;
  for (std::size_t at = 0; at < frame_samples; at += audio::EchoCanceller::frame_samples) {
    auto const part = canceller_->cancel(frame.subspan(at, audio::EchoCanceller::frame_samples),
                                         std::span(played).subspan(at, audio::EchoCanceller::frame_samples));
    left.insert(left.end(), part.begin(), part.end());
  }
  if (only_echo(frame, played, left)) std::ranges::fill(left, 0.0F);
  return left;
}

/// What the filter leaves of an echo is still a voice to those who listen for one. It is known how loud the echo must be: what
/// is left and quieter than that is a rest of it. While the filter learns, the doubt is on the side of the echo.
bool EchoGuard::only_echo(std::span<float const> heard, std::span<float const> played, std::span<float const> left) {
  played_db_[frames_++ % played_db_.size()] = audio::level_db(played);
  auto const before = audio::level_db(heard), after = audio::level_db(left);
  float const loudest = *std::ranges::max_element(played_db_);
  if (before > quiet_db && before - after > well_removed_db) {
    ++learned_;
    coupling_db_ += 0.05F * (before - loudest - coupling_db_);
  }
  return after < loudest + coupling_db_ + (learned_ < frames_to_learn ? doubt_while_learning_db : doubt_db);
}

std::optional<Milliseconds> EchoGuard::delay() const {
  if (!lag_) return std::nullopt;
  return Milliseconds(static_cast<std::int64_t>(*lag_) * 1000 / audio::heard_hz);
}

}  // namespace parley::conversation
