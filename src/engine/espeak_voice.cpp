#include "engine/espeak_voice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "audio/file.hpp"
#include "engine/phonemes/process.hpp"
#include "speech/spoken_text.hpp"

namespace parley::engine {
namespace {

using core::Result;

constexpr int words_per_minute = 175;  // espeak-ng's own pace

std::string program_voice(std::string const& voice) { return voice == "espeak:zh" ? "cmn" : "en-us"; }

Result<audio::Samples> synthesise(speech::SpeakRequest const& request) {
  int const pace = std::clamp(static_cast<int>(std::lround(words_per_minute * request.speed)), 80, 450);
  auto const output =
      run_process({"espeak-ng", "--stdout", "-b", "1", "-v", program_voice(request.voice), "-s", std::to_string(pace)},
                  speech::spoken_text(request.text, request.language), std::chrono::seconds(10));
  if (!output) return std::unexpected(output.error());
  if (output->exit_code != 0) {
    return core::fail(core::Code::unavailable, fmt::format("espeak-ng ended with {}: {}", output->exit_code, output->errors),
                      request.voice);
  }
  if (output->output.empty()) return audio::Samples{};  // nothing in it can be said
  auto recording = audio::parse_recording(output->output, "espeak-ng", audio::spoken_hz);
  if (!recording) return std::unexpected(recording.error());
  return std::move(recording->samples);
}

}  // namespace

std::vector<speech::VoiceInfo> EspeakVoice::voices() const {
  return {{"espeak:zh", {"zh"}, "robotic, at once, never fails"}, {"espeak:en", {"en"}, "robotic, at once, never fails"}};
}

Result<void> EspeakVoice::check(std::string const& voice) const {
  if (voice == "espeak:zh" || voice == "espeak:en") return {};
  return core::fail(core::Code::not_found, fmt::format("there is no voice '{}'; there are espeak:zh and espeak:en", voice),
                    voice);
}

core::Job EspeakVoice::speak(speech::SpeakRequest request, Sink sink) const {
  auto const urgency = request.urgency;
  return arbiter_->submit(urgency, [request = std::move(request), sink = std::move(sink)](std::stop_token const& stop) {
    if (stop.stop_requested()) return Step::done;
    auto samples = synthesise(request);
    if (samples)
      sink(speech::SpokenBlock{std::move(*samples), true});
    else
      sink(std::unexpected(samples.error()));
    return Step::done;
  });
}

}  // namespace parley::engine
