#include "cloud/volcengine/synthesis_codec.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cloud/volcengine/event.hpp"

namespace parley::cloud::volcengine {
namespace {

using nlohmann::json;

std::string dump(json const& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json parameters(SynthesisRequest const& request) {
  json audio{{"format", "pcm"}, {"sample_rate", 24000}};
  int const rate = std::clamp(static_cast<int>(std::lround((request.speed - 1) * 100)), -50, 100);
  if (rate != 0) audio["speech_rate"] = rate;
  if (request.loudness != 0) audio["loudness_rate"] = request.loudness;
  if (!request.voice.emotion.empty()) audio["emotion"] = request.voice.emotion;
  json out{{"speaker", request.voice.speaker}, {"audio_params", std::move(audio)}};
  if (!request.model.empty()) out["model"] = request.model;
  if (!request.voice.mix.empty()) {
    json speakers = json::array();
    for (auto const& [name, share] : request.voice.mix) {
      speakers.push_back({{"source_speaker", name}, {"mix_factor", share}});
    }
    out["mix_speaker"] = {{"speakers", std::move(speakers)}};
  }
  json additions = json::object();
  if (request.pitch != 0) additions["post_process"] = {{"pitch", request.pitch}};
  if (!request.style.empty()) additions["context_texts"] = {request.style};
  if (!additions.empty()) out["additions"] = dump(additions);  // JSON inside a string
  return out;
}

Frame client_event(std::int32_t event, std::optional<std::string> session, json const& body) {
  Frame frame;
  frame.event = event;
  frame.id = std::move(session);
  frame.payload = dump(body);
  return frame;
}

}  // namespace

core::Result<VoiceSpec> parse_voice(std::string_view voice) {
  auto const bad = [&](char const* what) { return core::fail(core::Code::invalid, what, std::string(voice.substr(0, 200))); };
  VoiceSpec spec;
  if (auto const at = voice.find('@'); at != std::string_view::npos) {
    spec.emotion = voice.substr(at + 1);
    voice = voice.substr(0, at);
    if (spec.emotion.empty()) return bad("behind the @ of a voice stands an emotion, such as happy");
  }
  if (voice.empty()) return bad("a voice has a name");
  if (voice.find('*') == std::string_view::npos && voice.find('+') == std::string_view::npos) {
    spec.speaker = voice;
    return spec;
  }
  float sum = 0;
  while (!voice.empty()) {
    auto const end = std::min(voice.find('+'), voice.size());
    auto const part = voice.substr(0, end);
    voice.remove_prefix(std::min(end + 1, voice.size()));
    auto const star = part.find('*');
    float share = 0;
    if (star == std::string_view::npos || star == 0) return bad("a part of a mix is a voice and its share: name*0.6");
    auto const [rest, error] = std::from_chars(part.data() + star + 1, part.data() + part.size(), share);
    if (error != std::errc() || rest != part.data() + part.size() || !(share > 0))
      return bad("the share in a mix is a number above 0");
    spec.mix.emplace_back(part.substr(0, star), share);
    sum += share;
  }
  if (spec.mix.size() > 3) return bad("the service mixes at most three voices");
  for (auto& [name, share] : spec.mix) share /= sum;
  spec.speaker = "custom_mix_bigtts";
  return spec;
}

Frame start_connection() { return client_event(event::start_connection, std::nullopt, json::object()); }

Frame start_session(std::string const& session, SynthesisRequest const& request) {
  return client_event(event::start_session, session,
                      {{"user", {{"uid", "parley"}}},
                       {"event", event::start_session},
                       {"namespace", "BidirectionalTTS"},
                       {"req_params", parameters(request)}});
}

Frame task(std::string const& session, std::string_view text) {
  return client_event(event::task_request, session,
                      {{"event", event::task_request}, {"namespace", "BidirectionalTTS"}, {"req_params", {{"text", text}}}});
}

Frame session_event(std::int32_t event, std::string const& session) { return client_event(event, session, json::object()); }

std::string whole_request_body(SynthesisRequest const& request, std::string_view text) {
  auto params = parameters(request);
  params["text"] = text;
  return dump({{"user", {{"uid", "parley"}}}, {"req_params", std::move(params)}});
}

std::string v1_body(std::string const& reqid, SynthesisRequest const& request, std::string_view text) {
  json audio{{"voice_type", request.voice.speaker},
             {"encoding", "pcm"},
             {"rate", 24000},
             {"speed_ratio", std::clamp(request.speed, 0.8F, 2.0F)}};  // what every copy of the document allows
  if (request.loudness != 0) audio["loudness_ratio"] = 1 + static_cast<float>(request.loudness) / 100;
  if (request.pitch != 0) audio["pitch_ratio"] = std::exp2(static_cast<float>(request.pitch) / 12);
  if (!request.voice.emotion.empty()) {
    audio["enable_emotion"] = true;
    audio["emotion"] = request.voice.emotion;
  }
  return dump({{"app", {{"appid", request.app_id}, {"token", "in the header"}, {"cluster", request.cluster}}},
               {"user", {{"uid", "parley"}}},
               {"audio", std::move(audio)},
               {"request", {{"reqid", reqid}, {"text", text}, {"text_type", "plain"}, {"operation", "submit"}}}});
}

}  // namespace parley::cloud::volcengine
