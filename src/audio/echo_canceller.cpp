#include "audio/echo_canceller.hpp"

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace parley::audio {
namespace {

using Block = std::array<spx_int16_t, EchoCanceller::frame_samples>;

Block to_int16(std::span<float const> samples) {
  Block block{};
  for (std::size_t i = 0; i < std::min(block.size(), samples.size()); ++i) {
    auto const safe = std::isfinite(samples[i]) ? std::clamp(samples[i], -1.0F, 1.0F) : 0.0F;
    block[i] = static_cast<spx_int16_t>(std::lrint(safe * 32767.0F));
  }
  return block;
}

// Who talks into an answer is heard; a bare echo is as good as silence. The suppression of noise cannot be switched off alone.
constexpr int suppress_echo_db = -45, suppress_echo_under_voice_db = -15, suppress_noise_db = -6;

}  // namespace

void EchoCanceller::DeleteEcho::operator()(SpeexEchoState_* state) const noexcept { speex_echo_state_destroy(state); }
void EchoCanceller::DeletePreprocess::operator()(SpeexPreprocessState_* state) const noexcept {
  speex_preprocess_state_destroy(state);
}

EchoCanceller::EchoCanceller()
    : echo_(speex_echo_state_init(static_cast<int>(frame_samples), static_cast<int>(tail.samples))),
      rest_(speex_preprocess_state_init(static_cast<int>(frame_samples), heard_hz)) {
  int rate = heard_hz;
  speex_echo_ctl(echo_.get(), SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
  auto const set = [&](int what, int value) { speex_preprocess_ctl(rest_.get(), what, &value); };
  speex_preprocess_ctl(rest_.get(), SPEEX_PREPROCESS_SET_ECHO_STATE, echo_.get());
  set(SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, suppress_echo_db);
  set(SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, suppress_echo_under_voice_db);
  set(SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, suppress_noise_db);
}

EchoCanceller::~EchoCanceller() = default;
EchoCanceller::EchoCanceller(EchoCanceller&&) noexcept = default;
EchoCanceller& EchoCanceller::operator=(EchoCanceller&&) noexcept = default;

Samples EchoCanceller::cancel(std::span<float const> heard, std::span<float const> played) {
  auto const microphone = to_int16(heard), loudspeaker = to_int16(played);
  Block left{};
  speex_echo_cancellation(echo_.get(), microphone.data(), loudspeaker.data(), left.data());
  speex_preprocess_run(rest_.get(), left.data());
  Samples out(frame_samples);
  std::ranges::transform(left, out.begin(), [](spx_int16_t s) { return static_cast<float>(s) / 32767.0F; });
  return out;
}

}  // namespace parley::audio
