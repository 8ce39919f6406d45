#pragma once
// Change of sample rate (soxr, high quality). Streaming and whole-clip forms give the same samples.
#include <memory>
#include <span>

#include "audio/format.hpp"

struct soxr;

namespace parley::audio {

/// One stream. One thread at a time. Delay inside is some milliseconds; `finish` lets the rest out and resets.
class Resampler {
 public:
  Resampler(int from_hz, int to_hz);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  [[nodiscard]] Samples push(std::span<float const> samples);
  [[nodiscard]] Samples finish();

 private:
  struct Delete {
    void operator()(soxr* stream) const noexcept;
  };
  int from_hz_, to_hz_;
  std::unique_ptr<soxr, Delete> stream_;  // null when both rates are the same
};

/// A whole clip; its length becomes ⌈n · to / from⌉ within one sample.
[[nodiscard]] Samples resample(std::span<float const> samples, int from_hz, int to_hz);

}  // namespace parley::audio
