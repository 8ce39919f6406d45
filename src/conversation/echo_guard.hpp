#pragma once
// For loudspeakers without echo cancellation: a call knows every sample that it has sent, so it can find them again in what the
// microphone hears, and take them out.
//
//   guard.sent(samples);          // as they leave for the player
//   auto left = guard.clean(frame);
//
// The player is followed sample by sample on the microphone's clock. How far behind it the echo is (network, buffers, the room)
// is found by correlating the two; from then on an adaptive filter subtracts. Until it is known whether there is an echo at
// all, for some tenths of a second once in a call, what is heard while an answer plays is kept silent.
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "audio/echo_canceller.hpp"
#include "audio/format.hpp"
#include "audio/resample.hpp"
#include "conversation/settings.hpp"

namespace parley::conversation {

/// One call. One thread at a time; no clock.
class EchoGuard {
 public:
  static constexpr std::size_t frame_samples = 512;
  static constexpr Milliseconds longest_delay{1000};

  EchoGuard();

  /// Handed to the player, which plays it after what it has.
  void sent(audio::SharedSamples samples);
  void hold() noexcept { held_ = true; }
  void resume() noexcept { held_ = false; }
  /// The player drops what it holds.
  void stop();

  /// 32 ms of the microphone, without the echo; call it for every frame, in order.
  [[nodiscard]] audio::Samples clean(std::span<float const> frame);

  /// How far the echo is behind the player, once it has been found.
  [[nodiscard]] std::optional<Milliseconds> delay() const;

 private:
  /// The newest samples of a stream.
  class Past {
   public:
    explicit Past(std::size_t size) : samples_(size) {}
    void push(std::span<float const> samples);
    /// `count` samples, the last of them `age` samples before the newest.
    void copy(std::size_t age, std::span<float> out) const;

   private:
    std::vector<float> samples_;
    std::size_t at_ = 0;
  };

  [[nodiscard]] audio::Samples play();
  void look_for_echo();
  [[nodiscard]] audio::Samples subtract(std::span<float const> frame);
  [[nodiscard]] bool only_echo(std::span<float const> heard, std::span<float const> played, std::span<float const> left);

  std::deque<audio::SharedSamples> queue_;
  std::size_t played_of_front_ = 0;
  bool held_ = false, ever_sent_ = false;
  audio::Resampler to_heard_{audio::spoken_hz, audio::heard_hz};
  std::vector<float> resampled_;
  std::int64_t quiet_frames_ = 0;  ///< since the player played anything

  Past played_, played_low_, heard_low_;  ///< the latter two at a quarter of the rate, whitened
  float edge_played_ = 0, edge_heard_ = 0;
  int frames_to_look_ = 0;
  int looks_ = 0;                    ///< in vain, at something loud
  std::optional<std::size_t> near_;  ///< the delay that the last look found, in samples of the low rate
  std::optional<std::size_t> lag_;   ///< the echo's, at 16 kHz
  std::optional<audio::EchoCanceller> canceller_;
  float coupling_db_ = 0;                 ///< the echo's level above what was played
  std::array<float, 6> played_db_{};      ///< of the last frames: walls echo for a while
  std::size_t frames_ = 0, learned_ = 0;  ///< since the filter began; of these, with nothing but echo in them
};

}  // namespace parley::conversation
