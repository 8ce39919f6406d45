#include "server/session_config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "server/function_tools.hpp"
#include "server/sound_format.hpp"
#include "server/turn_detection.hpp"

namespace parley::server {
namespace {

using conversation::Settings;

constexpr int most_tokens = 4096;

Json const pcm{{"type", "audio/pcm"}, {"rate", 24000}};

std::string own_voice(Settings const& role) {
  if (auto const found = role.voices.find(role.language); found != role.voices.end()) return found->second;
  return role.voices.empty() ? "default" : role.voices.begin()->second;
}

Json initial(SessionConfig::Identity const& identity, Settings const& role) {
  Json transcription = nullptr;
  if (role.transcribe) {
    transcription = {{"model", identity.transcriber}};
    if (!role.hearing_language.empty()) transcription["language"] = role.hearing_language;
    if (!role.hearing_prompt.empty()) transcription["prompt"] = role.hearing_prompt;
  }
  return {{"type", "realtime"},
          {"object", "realtime.session"},
          {"id", identity.id},
          {"model", identity.model},
          {"expires_at", identity.expires_at},
          {"output_modalities", Json::array({role.speak ? "audio" : "text"})},
          {"instructions", role.instructions},
          {"tools", Json::array()},
          {"tool_choice", "auto"},
          {"max_output_tokens", std::clamp(role.sampling.max_tokens, 1, most_tokens)},
          {"truncation", "auto"},
          {"tracing", nullptr},
          {"prompt", nullptr},
          {"include", nullptr},
          {"audio",
           {{"input",
             {{"format", pcm},
              {"noise_reduction", nullptr},
              {"transcription", transcription},
              {"turn_detection", describe_turn_detection(role.turns)}}},
            {"output", {{"format", pcm}, {"voice", own_voice(role)}, {"speed", std::round(role.speed * 1000.0) / 1000.0}}}}}};
}

void refuse_old_shape(FieldReader& session) {
  static constexpr std::array moved{
      std::pair{"modalities", "session.output_modalities"},
      std::pair{"voice", "session.audio.output.voice"},
      std::pair{"speed", "session.audio.output.speed"},
      std::pair{"input_audio_format", "session.audio.input.format"},
      std::pair{"output_audio_format", "session.audio.output.format"},
      std::pair{"input_audio_transcription", "session.audio.input.transcription"},
      std::pair{"input_audio_noise_reduction", "session.audio.input.noise_reduction"},
      std::pair{"turn_detection", "session.audio.input.turn_detection"},
      std::pair{"max_response_output_tokens", "session.max_output_tokens"},
  };
  for (auto const& [old, now] : moved) {
    if (session.has(old)) {
      session.complain(old, "unknown_parameter",
                       "Unknown parameter: 'session." + std::string(old) + "' is of the beta protocol; use '" + now + "'.");
    }
  }
}

void merge_format(FieldReader& side, Json& into, Complaint& complaint) {
  Json const* format = side.object("format");
  if (format == nullptr) return;
  FieldReader fields(*format, side.path("format"), complaint);
  auto const type = fields.choice("type", {"audio/pcm", "audio/pcmu", "audio/pcma", "audio/opus"});
  if (!type || *type == "audio/pcm") {
    (void)fields.integer("rate", 24000, 24000);
    into["format"] = pcm;
  } else {
    into["format"] = {{"type", *type}};
  }
}

void merge_modalities(FieldReader& session, Json& into) {
  Json const* list = session.array("output_modalities");
  if (list == nullptr) return;
  if (list->size() != 1 || (list->front() != "audio" && list->front() != "text")) {
    session.complain("output_modalities", "invalid_value", "Invalid modalities: supported are ['audio'] and ['text'].");
    return;
  }
  into["output_modalities"] = *list;
}

void merge_tools(FieldReader& session, Json const& update, Json& into, Complaint& complaint) {
  if (session.is_null("tools")) into["tools"] = Json::array();
  if (Json const* tools = session.array("tools")) {
    (void)read_tools(*tools, "session.tools", complaint);
    into["tools"] = *tools;
  }
  if (!session.has("tool_choice")) return;
  Json const& choice = update["tool_choice"];
  (void)read_tool_choice(choice, "session.tool_choice", complaint);
  into["tool_choice"] = choice.is_null() ? Json("auto") : choice;
}

/// What this server keeps and gives back but does not act upon.
void merge_kept(FieldReader& session, Json const& update, Json& into) {
  for (auto const* name : {"parallel_tool_calls", "reasoning", "truncation", "tracing", "include"}) {
    if (!session.has(name)) continue;
    Json const& value = update[name];
    if (value.is_number() || (value.is_boolean() && std::string_view(name) != "parallel_tool_calls")) {
      session.complain(name, "invalid_type", "Invalid type for '" + session.path(name) + "'.");
    }
    if (value.is_null() && std::string_view(name) == "truncation")
      into[name] = "auto";
    else
      into[name] = value;
  }
}

void merge_top(FieldReader& session, Json const& update, Json& into, Complaint& complaint) {
  merge_modalities(session, into);
  merge_tools(session, update, into, complaint);
  merge_kept(session, update, into);
  (void)session.text("model");  // fixed at connect; clients send it along
  if (session.is_null("instructions")) into["instructions"] = "";
  if (auto const text = session.text("instructions")) into["instructions"] = *text;
  if (session.object("prompt") != nullptr) {
    session.complain("prompt", "unsupported_parameter", "Stored prompts do not exist here; use 'instructions'.");
  }
  if (!session.has("max_output_tokens")) return;
  if (Json const& most = update["max_output_tokens"]; most == "inf" || most.is_null())
    into["max_output_tokens"] = "inf";
  else if (auto const number = session.integer("max_output_tokens", 1, most_tokens))
    into["max_output_tokens"] = *number;
}

}  // namespace

bool is_openai_voice(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 14> names{"alloy", "ash",  "ballad", "cedar", "coral",   "echo",  "fable",
                                                          "marin", "nova", "onyx",   "sage",  "shimmer", "verse", "default"};
  return std::ranges::find(names, name) != names.end();
}

std::string language_of_mix(Voices const& known, std::string_view mix) {
  auto const colon = mix.find(':');
  if (colon == std::string_view::npos || mix.find('*') == std::string_view::npos) return {};
  std::string const engine(mix.substr(0, colon + 1));
  std::string language;
  for (std::string_view rest = mix.substr(colon + 1);;) {
    auto const plus = rest.find('+');
    std::string_view const part = rest.substr(0, plus);
    auto const star = part.find('*');
    auto const voice = known.find(engine + std::string(part.substr(0, star)));
    if (voice == known.end()) return {};
    if (star != std::string_view::npos) {
      std::string const weight(part.substr(star + 1));
      char* end = nullptr;
      double const value = std::strtod(weight.c_str(), &end);
      if (weight.empty() || *end != '\0' || !(value > 0 && value <= 1)) return {};
    }
    if (language.empty()) language = voice->second;
    if (plus == std::string_view::npos) return language;
    rest = rest.substr(plus + 1);
  }
}

std::expected<std::map<std::string, std::string>, ProtocolError> choose_voice(Settings const& role, Voices const& known,
                                                                              std::string const& voice,
                                                                              std::string const& param) {
  auto voices = role.voices;
  if (is_openai_voice(voice)) return voices;
  for (auto const& [language, name] : role.voices) {
    if (name == voice && language == role.language) return voices;
  }
  if (auto const found = known.find(voice); found != known.end()) {
    voices[found->second] = voice;
    return voices;
  }
  if (auto const language = language_of_mix(known, voice); !language.empty()) {
    voices[language] = voice;
    return voices;
  }
  if (known.empty()) {
    voices[role.language] = voice;
    return voices;
  }
  std::string names;
  for (auto const& [name, language] : known) names += (names.empty() ? "'" : ", '") + name + "'";
  return std::unexpected(
      ProtocolError{"invalid_value", "Invalid value: '" + voice + "'. Supported values are: " + names + ".", param, {}});
}

SessionConfig::SessionConfig(Identity identity, Settings role, Voices voices)
    : identity_(std::move(identity)),
      role_(std::move(role)),
      voices_(std::move(voices)),
      object_(initial(identity_, role_)),
      settings_(role_) {}

void SessionConfig::merge_transcription(FieldReader& input, Json& into, Complaint& complaint) const {
  if (input.is_null("transcription")) into["transcription"] = nullptr;
  Json const* update = input.object("transcription");
  if (update == nullptr) return;
  FieldReader fields(*update, input.path("transcription"), complaint);
  fields.only({"model", "language", "prompt", "languages", "keywords", "delay"});
  for (auto const* name : {"model", "language", "prompt"}) (void)fields.text(name);
  for (auto const* name : {"languages", "keywords"}) {
    Json const* list = fields.array(name);
    if (list != nullptr && !std::ranges::all_of(*list, [](Json const& entry) { return entry.is_string(); })) {
      fields.complain(name, "invalid_type", "Invalid type for '" + fields.path(name) + "': expected an array of strings.");
    }
  }
  (void)fields.choice("delay", {"minimal", "low", "medium", "high", "xhigh"});
  Json& section = into["transcription"];
  if (section.is_null()) section = {{"model", identity_.transcriber}};
  for (auto const& [name, value] : update->items()) {
    if (value.is_null())
      section.erase(name);
    else
      section[name] = value;
  }
}

void SessionConfig::merge_input(FieldReader& input, Json& into, Complaint& complaint) const {
  input.only({"format", "noise_reduction", "transcription", "turn_detection"});
  merge_format(input, into, complaint);
  merge_transcription(input, into, complaint);
  if (input.is_null("noise_reduction")) into["noise_reduction"] = nullptr;
  if (Json const* reduction = input.object("noise_reduction")) {
    FieldReader fields(*reduction, input.path("noise_reduction"), complaint);
    (void)fields.choice("type", {"near_field", "far_field"});
    (void)fields.number("strength", 0, 1);
    if (into["noise_reduction"].is_null()) into["noise_reduction"] = Json::object();
    into["noise_reduction"].update(*reduction);
  }
  if (input.is_null("turn_detection")) into["turn_detection"] = nullptr;
  if (Json const* detection = input.object("turn_detection")) {
    merge_turn_detection(*detection, input.path("turn_detection"), into["turn_detection"], complaint);
  }
}

void SessionConfig::merge_output(FieldReader& output, Json& into, Complaint& complaint) const {
  output.only({"format", "voice", "speed"});
  merge_format(output, into, complaint);
  if (auto const speed = output.number("speed", 0.25, 1.5)) into["speed"] = *speed;
  if (auto const voice = output.text("voice", 256)) {
    if (auto const voices = choose_voice(role_, voices_, *voice, output.path("voice")); !voices) {
      if (!complaint) complaint = voices.error();
    }
    into["voice"] = *voice;
  }
}

std::expected<void, ProtocolError> SessionConfig::merge(Json const& update) {
  Complaint complaint;
  Json merged = object_;
  bool asked_idle = client_asked_idle_;
  FieldReader session(update, "session", complaint);
  if (auto const type = session.choice("type", {"realtime", "transcription"}); !type) {
    session.complain("type", "missing_required_parameter", "Missing required parameter: 'session.type'.");
  } else {
    merged["type"] = *type;
  }
  refuse_old_shape(session);
  session.only({"type", "object", "id", "expires_at", "model", "output_modalities", "instructions", "tools", "tool_choice",
                "parallel_tool_calls", "max_output_tokens", "reasoning", "truncation", "tracing", "prompt", "include", "audio",
                "parley"});
  if (Json const* own = session.object("parley")) {
    FieldReader fields(*own, "session.parley", complaint);
    fields.only({"grounds", "timings"});
    for (char const* wish : {"grounds", "timings"}) {
      if (auto const flag = fields.flag(wish)) merged["parley"][wish] = *flag;
    }
  }
  merge_top(session, update, merged, complaint);
  if (Json const* audio = session.object("audio")) {
    FieldReader fields(*audio, "session.audio", complaint);
    fields.only({"input", "output"});
    if (Json const* input = fields.object("input")) {
      FieldReader input_fields(*input, "session.audio.input", complaint);
      merge_input(input_fields, merged["audio"]["input"], complaint);
      Json const* detection = input_fields.object("turn_detection");
      asked_idle = asked_idle || (detection != nullptr && detection->contains("idle_timeout_ms"));
    }
    if (Json const* output = fields.object("output")) {
      FieldReader output_fields(*output, "session.audio.output", complaint);
      merge_output(output_fields, merged["audio"]["output"], complaint);
    }
  }
  if (complaint) return std::unexpected(*std::move(complaint));
  object_ = std::move(merged);
  settings_ = settings_of(object_);
  client_asked_idle_ = asked_idle;
  return {};
}

Json SessionConfig::shown() const {
  if (!only_transcribes()) return object_;
  Json input = object_["audio"]["input"];
  if (Json& detection = input["turn_detection"]; detection.is_object()) {
    detection.erase("create_response");
    detection.erase("interrupt_response");
  }
  return {{"type", "transcription"},       {"object", "realtime.transcription_session"},
          {"id", object_["id"]},           {"expires_at", object_["expires_at"]},
          {"include", object_["include"]}, {"audio", {{"input", std::move(input)}}}};
}

SoundFormat SessionConfig::format(char const* side) const {
  return sound_format(object_["audio"][side]["format"]["type"].get<std::string>()).value_or(SoundFormat::pcm);
}

Settings SessionConfig::settings_of(Json const& object) const {
  Settings settings = role_;
  settings.instructions = object["instructions"].get<std::string>();
  settings.speak = object["output_modalities"][0] == "audio";
  Json const& most = object["max_output_tokens"];
  settings.sampling.max_tokens = most.is_string() ? most_tokens : most.get<int>();
  Json const& output = object["audio"]["output"];
  settings.speed = output["speed"].get<float>();
  if (auto voices = choose_voice(role_, voices_, output["voice"].get<std::string>(), {})) settings.voices = *std::move(voices);
  Json const& input = object["audio"]["input"];
  Json const& transcription = input["transcription"];
  settings.transcribe = !transcription.is_null();
  if (settings.transcribe) {
    settings.hearing_language = transcription.value("language", "");
    settings.hearing_prompt = transcription.value("prompt", "");
    for (auto const& word : transcription.value("keywords", Json::array())) {
      settings.hearing_prompt += (settings.hearing_prompt.empty() ? "" : ", ") + word.get<std::string>();
    }
  }
  // Far from the microphone the loudspeaker is near to it: a conference telephone, a laptop.
  Json const& reduction = input["noise_reduction"];
  settings.echo_guard = role_.echo_guard || (reduction.is_object() && reduction.value("type", "") == "far_field");
  settings.turns = read_turn_detection(input["turn_detection"], role_.turns);
  Complaint none;  // what is in force has been read before
  settings.tools = read_tools(object["tools"], {}, none);
  settings.tool_choice = read_tool_choice(object["tool_choice"], {}, none);
  if (object["type"] == "transcription") {
    settings.turns.create_reply = false;
    settings.turns.idle.reset();
  }
  return settings;
}

}  // namespace parley::server
