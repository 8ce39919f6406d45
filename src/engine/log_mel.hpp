#pragma once
// The log-mel picture that Whisper's encoder reads, and with it every model built on that encoder.
// Source: Radford et al. 2022 (arXiv:2212.04356) §2.2; the figures are those of its published feature extractor: windows of
// 400 samples (25 ms, periodic Hann) every 160, 80 Slaney mel bands over 0–8 kHz, log10, eight decades below the loudest,
// then (x + 4) / 4.
#include <array>
#include <complex>
#include <span>
#include <vector>

#include "audio/format.hpp"

namespace parley::engine {

/// Tables built once; `operator()` is const and may be called from many threads.
class LogMel {
 public:
  static constexpr int window = 400;
  static constexpr int hop = 160;
  static constexpr int bands = 80;

  LogMel();

  /// 16 kHz samples -> [80][samples / 160], row by row. The edges are mirrored, so fewer than 201 samples give nothing.
  [[nodiscard]] std::vector<float> operator()(std::span<float const> samples) const;

 private:
  static constexpr int bins = window / 2 + 1;
  static constexpr int rows = 16, columns = 25;  // 400 = 16 · 25: the transform in two short ones (Cooley and Tukey 1965)
  struct Planes {                                // a complex signal as two real ones: the compiler turns the loops into vectors
    std::array<float, window> re, im;
  };
  struct Band {
    int first = 0;
    std::vector<float> weights;
  };

  void transform(Planes const& in, Planes& out) const;

  std::array<float, window> hann_;
  Planes roots_;  // e^{-2πik/400}
  std::array<std::complex<float>, rows * rows> short_;
  std::array<std::complex<float>, columns * columns> long_;
  std::array<Band, bands> filters_;
};

/// Zero mean, unit variance, in place; silence stays silence.
void standardise(std::span<float> samples);

}  // namespace parley::engine
