#pragma once
// What synthesis v3 (documents 6561/1329505, 6561/1719100) puts into its frames. Values: no I/O.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/volcengine/frame.hpp"

namespace parley::cloud::volcengine {

/// A voice as a role writes it: "zh_female_vv_uranus_bigtts", with an emotion "…@happy", a mix "a*0.6+b*0.4", or both.
struct VoiceSpec {
  std::string speaker;
  std::vector<std::pair<std::string, float>> mix;  ///< at most three, 1.0 voices only; empty: `speaker` alone
  std::string emotion;
};
[[nodiscard]] core::Result<VoiceSpec> parse_voice(std::string_view voice);

struct SynthesisRequest {
  VoiceSpec voice;
  float speed = 1.0F;  ///< sent as speech_rate −50…100
  int pitch = 0;       ///< semitones, −12…12
  int loudness = 0;    ///< −50…100
  std::string model;   ///< "seed-tts-1.1", "seed-tts-2.0-expressive"; may be empty
  std::string style;   ///< 2.0 voices: how to say it, in words; may be empty
};

[[nodiscard]] Frame start_connection();
[[nodiscard]] Frame start_session(std::string const& session, SynthesisRequest const& request);
[[nodiscard]] Frame task(std::string const& session, std::string_view text);
[[nodiscard]] Frame session_event(std::int32_t event, std::string const& session);  ///< 101, 102 with {}

/// pcm16 that may be cut in the middle of a sample, made whole.
class HalfSamples {
 public:
  [[nodiscard]] std::string whole(std::string_view bytes);

 private:
  std::string half_;
};

}  // namespace parley::cloud::volcengine
