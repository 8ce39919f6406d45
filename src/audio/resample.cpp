#include "audio/resample.hpp"

#include <soxr.h>

#include <cmath>
#include <new>

namespace parley::audio {
namespace {

soxr_t open(int from_hz, int to_hz) {
  soxr_error_t error = nullptr;
  auto const io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  auto const quality = soxr_quality_spec(SOXR_HQ, 0);
  auto const runtime = soxr_runtime_spec(1);  // no threads of its own
  soxr_t stream = soxr_create(from_hz, to_hz, 1, &error, &io, &quality, &runtime);
  if (error != nullptr || stream == nullptr) throw std::bad_alloc();  // the only way soxr fails on these arguments
  return stream;
}

}  // namespace

void Resampler::Delete::operator()(soxr* stream) const noexcept { soxr_delete(stream); }

Resampler::Resampler(int from_hz, int to_hz)
    : from_hz_(from_hz), to_hz_(to_hz), stream_(from_hz == to_hz ? nullptr : open(from_hz, to_hz)) {}
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

Samples Resampler::push(std::span<float const> samples) {
  if (!stream_) return {samples.begin(), samples.end()};
  if (samples.empty()) return {};
  Samples out;
  std::size_t taken = 0;
  while (taken < samples.size()) {
    std::size_t const begin = out.size();
    std::size_t const room =
        static_cast<std::size_t>(std::ceil(static_cast<double>(samples.size() - taken) * to_hz_ / from_hz_)) + 256;
    out.resize(begin + room);
    std::size_t used = 0, made = 0;
    soxr_process(stream_.get(), samples.data() + taken, samples.size() - taken, &used, out.data() + begin, room, &made);
    out.resize(begin + made);
    taken += used;
    if (used == 0 && made == 0) break;
  }
  return out;
}

Samples Resampler::finish() {
  if (!stream_) return {};
  Samples out;
  for (std::size_t made = 1; made > 0;) {
    std::size_t const begin = out.size();
    constexpr std::size_t room = 1024;
    out.resize(begin + room);
    soxr_process(stream_.get(), nullptr, 0, nullptr, out.data() + begin, room, &made);
    out.resize(begin + made);
  }
  stream_.reset(open(from_hz_, to_hz_));
  return out;
}

Samples resample(std::span<float const> samples, int from_hz, int to_hz) {
  Resampler stream(from_hz, to_hz);
  Samples out = stream.push(samples);
  Samples const rest = stream.finish();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace parley::audio
