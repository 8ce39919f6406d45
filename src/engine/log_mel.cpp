#include "engine/log_mel.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parley::engine {
namespace {

constexpr double least_variance = 1e-7;  // of the published feature extractor

// Slaney's mel scale: linear up to 1 kHz, logarithmic above.
constexpr double linear_hz = 200.0 / 3.0;
constexpr double knee_hz = 1000.0;
constexpr double knee_mel = knee_hz / linear_hz;
double log_step() { return std::log(6.4) / 27.0; }

double to_mel(double hz) { return hz < knee_hz ? hz / linear_hz : knee_mel + std::log(hz / knee_hz) / log_step(); }
double to_hz(double mel) { return mel < knee_mel ? mel * linear_hz : knee_hz * std::exp(log_step() * (mel - knee_mel)); }

std::complex<float> root(int k, int n) {
  double const angle = -2.0 * std::numbers::pi * (k % n) / n;
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

}  // namespace

LogMel::LogMel() {
  for (std::size_t i = 0; i < window; ++i) {
    hann_[i] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / window));
    auto const w = root(static_cast<int>(i), window);
    roots_.re[i] = w.real();
    roots_.im[i] = w.imag();
  }
  for (int k = 0; k < rows; ++k) {
    for (int j = 0; j < rows; ++j) short_[static_cast<std::size_t>(k * rows + j)] = root(k * j, rows);
  }
  for (int k = 0; k < columns; ++k) {
    for (int j = 0; j < columns; ++j) long_[static_cast<std::size_t>(k * columns + j)] = root(k * j, columns);
  }

  double const top = to_mel(audio::heard_hz / 2.0);
  auto const edge = [&](int i) { return to_hz(top * i / (bands + 1)); };
  for (int b = 0; b < bands; ++b) {
    double const low = edge(b), middle = edge(b + 1), high = edge(b + 2);
    Band& band = filters_[static_cast<std::size_t>(b)];
    for (int bin = 0; bin < bins; ++bin) {
      double const hz = static_cast<double>(bin) * audio::heard_hz / window;
      double const height = std::min((hz - low) / (middle - low), (high - hz) / (high - middle));
      if (height <= 0) continue;
      if (band.weights.empty()) band.first = bin;
      band.weights.push_back(static_cast<float>(height * 2.0 / (high - low)));  // equal area
    }
  }
}

// With n = 25 j1 + j2 and k = k1 + 16 k2: for each j2 a transform of 16, a twist by e^{-2πi j2 k1 / 400}, for each k1 one
// of 25. Innermost loops run over what is contiguous.
void LogMel::transform(Planes const& in, Planes& out) const {
  Planes twisted;  // [j2][k1]
  for (int k1 = 0; k1 < rows; ++k1) {
    std::array<float, columns> re{}, im{};
    for (int j1 = 0; j1 < rows; ++j1) {
      auto const w = short_[static_cast<std::size_t>(k1 * rows + j1)];
      float const* const a = in.re.data() + j1 * columns;
      float const* const b = in.im.data() + j1 * columns;
      for (std::size_t j2 = 0; j2 < columns; ++j2) {
        re[j2] += w.real() * a[j2] - w.imag() * b[j2];
        im[j2] += w.real() * b[j2] + w.imag() * a[j2];
      }
    }
    for (std::size_t j2 = 0; j2 < columns; ++j2) {
      std::size_t const twist = j2 * static_cast<std::size_t>(k1);  // < 400
      std::size_t const at = j2 * rows + static_cast<std::size_t>(k1);
      twisted.re[at] = re[j2] * roots_.re[twist] - im[j2] * roots_.im[twist];
      twisted.im[at] = re[j2] * roots_.im[twist] + im[j2] * roots_.re[twist];
    }
  }
  for (int k2 = 0; k2 < columns; ++k2) {
    std::array<float, rows> re{}, im{};
    for (int j2 = 0; j2 < columns; ++j2) {
      auto const w = long_[static_cast<std::size_t>(k2 * columns + j2)];
      float const* const a = twisted.re.data() + j2 * rows;
      float const* const b = twisted.im.data() + j2 * rows;
      for (std::size_t k1 = 0; k1 < rows; ++k1) {
        re[k1] += w.real() * a[k1] - w.imag() * b[k1];
        im[k1] += w.real() * b[k1] + w.imag() * a[k1];
      }
    }
    std::ranges::copy(re, out.re.begin() + k2 * rows);
    std::ranges::copy(im, out.im.begin() + k2 * rows);
  }
}

std::vector<float> LogMel::operator()(std::span<float const> samples) const {
  int const count = static_cast<int>(samples.size());
  if (count <= window / 2) return {};
  int const frames = count / hop;
  std::vector<float> mel(static_cast<std::size_t>(bands) * static_cast<std::size_t>(frames));

  auto const mirrored = [&](int i) {
    if (i < 0) i = -i;
    if (i >= count) i = 2 * (count - 1) - i;
    return samples[static_cast<std::size_t>(i)];
  };
  auto const store = [&](int frame, std::array<float, bins> const& power) {
    for (int b = 0; b < bands; ++b) {
      Band const& band = filters_[static_cast<std::size_t>(b)];
      float sum = 0;
      for (std::size_t i = 0; i < band.weights.size(); ++i)
        sum += band.weights[i] * power[static_cast<std::size_t>(band.first) + i];
      mel[static_cast<std::size_t>(b * frames + frame)] = std::log10(std::max(sum, 1e-10F));
    }
  };
  // Two real frames at a time as one complex signal a + ib: A(k) = (Z(k) + Z*(−k)) / 2, B(k) = (Z(k) − Z*(−k)) / 2i.
  Planes in, out;
  for (int frame = 0; frame < frames; frame += 2) {
    for (int i = 0; i < window; ++i) {
      int const at = frame * hop + i - window / 2;
      auto const n = static_cast<std::size_t>(i);
      in.re[n] = mirrored(at) * hann_[n];
      in.im[n] = frame + 1 < frames ? mirrored(at + hop) * hann_[n] : 0.0F;
    }
    transform(in, out);
    std::array<float, bins> first{}, second{};
    for (std::size_t k = 0; k < bins; ++k) {
      std::size_t const mirror = k == 0 ? 0 : window - k;
      float const re_sum = out.re[k] + out.re[mirror], im_difference = out.im[k] - out.im[mirror];
      float const im_sum = out.im[k] + out.im[mirror], re_difference = out.re[k] - out.re[mirror];
      first[k] = 0.25F * (re_sum * re_sum + im_difference * im_difference);
      second[k] = 0.25F * (im_sum * im_sum + re_difference * re_difference);
    }
    store(frame, first);
    if (frame + 1 < frames) store(frame + 1, second);
  }

  if (mel.empty()) return mel;
  float const floor = *std::ranges::max_element(mel) - 8.0F;
  for (float& v : mel) v = (std::max(v, floor) + 4.0F) / 4.0F;
  return mel;
}

void standardise(std::span<float> samples) {
  if (samples.empty()) return;
  double sum = 0;
  for (float const v : samples) sum += v;
  double const mean = sum / static_cast<double>(samples.size());
  double squares = 0;
  for (float const v : samples) squares += (v - mean) * (v - mean);
  double const scale = 1.0 / std::sqrt(squares / static_cast<double>(samples.size()) + least_variance);
  for (float& v : samples) v = static_cast<float>((v - mean) * scale);
}

}  // namespace parley::engine
