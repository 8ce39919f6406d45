#pragma once
#include <functional>

#include "audio/format.hpp"
#include "core/job.hpp"
#include "core/result.hpp"

namespace parley::speech {

/// Says from the sound of a pause whether the speaker has finished. Shared by all calls; thread-safe.
class EndOfTurnDetector {
 public:
  using Sink = std::function<void(core::Result<float>)>;  ///< called once, from any thread, with P(finished) in [0, 1]

  virtual ~EndOfTurnDetector() = default;
  /// `audio`: 16 kHz mono up to now; the last 8 s count. Costs some 80 ms, so it is asked in a pause, not in every frame.
  [[nodiscard]] virtual core::Job predict(audio::SharedSamples audio, Sink sink) const = 0;
};

}  // namespace parley::speech
