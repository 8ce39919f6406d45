#pragma once
// What synthesis v3 (documents 6561/1329505, 6561/1719100, 6561/1598757) and v1 put into their frames and bodies. Values: no
// I/O.
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
  float speed = 1.0F;           ///< sent as speech_rate −50…100
  int pitch = 0;                ///< semitones, −12…12
  int loudness = 0;             ///< −50…100
  std::string model;            ///< "seed-tts-1.1", "seed-tts-2.0-expressive"; may be empty
  std::string style;            ///< 2.0 voices: how to say it, in words; may be empty
  std::string app_id, cluster;  ///< v1 only: it has them in its body
};

[[nodiscard]] Frame start_connection();
[[nodiscard]] Frame start_session(std::string const& session, SynthesisRequest const& request);
[[nodiscard]] Frame task(std::string const& session, std::string_view text);
[[nodiscard]] Frame session_event(std::int32_t event, std::string const& session);  ///< 101, 102 with {}

/// Everything at once, as unidirectional synthesis takes it, over WebSocket and HTTP alike.
[[nodiscard]] std::string whole_request_body(SynthesisRequest const& request, std::string_view text);

/// The same for v1. It knows no mixes and no words on style.
[[nodiscard]] std::string v1_body(std::string const& reqid, SynthesisRequest const& request, std::string_view text);

}  // namespace parley::cloud::volcengine
