#pragma once
#include <memory>
#include <span>

#include "core/result.hpp"

namespace parley::speech {

/// The voice-activity state of one call. One thread at a time.
class VoiceActivityStream {
 public:
  static constexpr int frame_samples = 512;  ///< 32 ms at 16 kHz

  virtual ~VoiceActivityStream() = default;
  /// Probability in [0, 1] that these 512 samples hold a voice. Cheap enough (0.2 ms) for the caller's own thread.
  [[nodiscard]] virtual core::Result<float> push(std::span<float const> frame) = 0;
};

/// Shared by all calls; thread-safe.
class VoiceActivityDetector {
 public:
  virtual ~VoiceActivityDetector() = default;
  [[nodiscard]] virtual core::Result<std::unique_ptr<VoiceActivityStream>> open() const = 0;
};

}  // namespace parley::speech
