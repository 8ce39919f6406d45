#pragma once
// Takes out of what a microphone hears what a loudspeaker plays (SpeexDSP's adaptive filter and its suppression of the rest).
// It follows the way of the sound through the room by itself, as long as that is shorter than `tail`: a longer delay is for the
// caller to take out before.
#include <memory>
#include <span>

#include "audio/format.hpp"

struct SpeexEchoState_;
struct SpeexPreprocessState_;

namespace parley::audio {

/// One microphone. One thread at a time.
class EchoCanceller {
 public:
  static constexpr std::size_t frame_samples = 256;  ///< 16 ms at 16 kHz
  static constexpr Heard tail = Heard::from_ms(256);

  EchoCanceller();
  ~EchoCanceller();
  EchoCanceller(EchoCanceller&&) noexcept;
  EchoCanceller& operator=(EchoCanceller&&) noexcept;

  /// One frame each: what the microphone heard, what the loudspeaker played at that time; returns what is left.
  [[nodiscard]] Samples cancel(std::span<float const> heard, std::span<float const> played);

 private:
  struct DeleteEcho {
    void operator()(SpeexEchoState_* state) const noexcept;
  };
  struct DeletePreprocess {
    void operator()(SpeexPreprocessState_* state) const noexcept;
  };
  std::unique_ptr<SpeexEchoState_, DeleteEcho> echo_;
  std::unique_ptr<SpeexPreprocessState_, DeletePreprocess> rest_;
};

}  // namespace parley::audio
