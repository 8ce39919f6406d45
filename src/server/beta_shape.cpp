#include "server/beta_shape.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace parley::server::beta {
namespace {

using Json = nlohmann::json;
using Names = std::pair<std::string_view, std::string_view>;  // old, new

std::string dump(Json const& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

constexpr std::array formats{Names{"pcm16", "audio/pcm"}, Names{"g711_ulaw", "audio/pcmu"}, Names{"g711_alaw", "audio/pcma"}};

// Parts of an assistant's message; a user's are called the same in both.
constexpr std::array parts{Names{"text", "output_text"}, Names{"audio", "output_audio"}};

constexpr std::array event_prefixes{Names{"response.text.", "response.output_text."},
                                    Names{"response.audio.", "response.output_audio."},
                                    Names{"response.audio_transcript.", "response.output_audio_transcript."}};

Json new_format(Json const& old) {
  if (!old.is_string()) return old;
  auto const found = std::ranges::find(formats, old.get_ref<std::string const&>(), &Names::first);
  if (found == formats.end()) return {{"type", old}};  // refused by its name
  Json format{{"type", found->second}};
  if (found->second == "audio/pcm") format["rate"] = 24000;
  return format;
}

Json old_format(Json const& now) {
  auto const type = now.is_object() ? now.value("type", "") : "";
  auto const found = std::ranges::find(formats, type, &Names::second);
  return found == formats.end() ? Json("pcm16") : Json(found->first);
}

/// Moves `name` of `from`, when it is there, to `to[place]`.
void move_field(Json& from, char const* name, Json& to, char const* place) {
  if (!from.contains(name)) return;
  to[place] = std::exchange(from[name], nullptr);
  from.erase(name);
}

/// What a session and a response say alike: modalities, voice, format of what is spoken, how many tokens.
void common_to_ga(Json& json, Json& output) {
  if (auto const old = json.find("modalities"); old != json.end()) {
    bool const sound = old->is_array() && std::ranges::find(*old, Json("audio")) != old->end();
    Json now = old->is_array() ? Json::array({sound ? "audio" : "text"}) : *old;
    json.erase("modalities");
    json["output_modalities"] = std::move(now);
  }
  move_field(json, "voice", output, "voice");
  if (json.contains("output_audio_format")) json["output_audio_format"] = new_format(json["output_audio_format"]);
  move_field(json, "output_audio_format", output, "format");
  move_field(json, "max_response_output_tokens", json, "max_output_tokens");
  json.erase("temperature");
}

void session_to_ga(Json& session) {
  Json input = Json::object(), output = Json::object();
  common_to_ga(session, output);
  move_field(session, "speed", output, "speed");
  if (session.contains("input_audio_format")) session["input_audio_format"] = new_format(session["input_audio_format"]);
  move_field(session, "input_audio_format", input, "format");
  move_field(session, "input_audio_transcription", input, "transcription");
  move_field(session, "input_audio_noise_reduction", input, "noise_reduction");
  move_field(session, "turn_detection", input, "turn_detection");
  Json audio = Json::object();
  if (!input.empty()) audio["input"] = std::move(input);
  if (!output.empty()) audio["output"] = std::move(output);
  if (!audio.empty()) session["audio"] = std::move(audio);
  session["type"] = "realtime";
}

template <std::size_t size>
void rename(Json& field, std::array<Names, size> const& names, std::string_view Names::* from, std::string_view Names::* to) {
  if (!field.is_string()) return;
  auto const found = std::ranges::find(names, field.get_ref<std::string const&>(), from);
  if (found != names.end()) field = (*found).*to;
}

void rename_parts(Json& item, std::string_view Names::* from, std::string_view Names::* to) {
  if (!item.is_object() || item.value("role", Json()) != "assistant" || !item.contains("content")) return;
  Json& content = item["content"];
  if (!content.is_array()) return;
  for (auto& part : content) {
    if (part.is_object() && part.contains("type")) rename(part["type"], parts, from, to);
  }
}

Json* object_in(Json& json, char const* name) {
  auto const found = json.find(name);
  return found != json.end() && found->is_object() ? &*found : nullptr;
}

void common_from_ga(Json& json) {
  if (auto const now = json.find("output_modalities"); now != json.end()) {
    bool const sound = now->is_array() && std::ranges::find(*now, Json("audio")) != now->end();
    json.erase("output_modalities");
    json["modalities"] = sound ? Json::array({"text", "audio"}) : Json::array({"text"});
  }
  if (Json const* audio = object_in(json, "audio"); audio != nullptr && audio->contains("output")) {
    Json const& output = (*audio)["output"];
    json["voice"] = output.value("voice", Json());
    json["output_audio_format"] = old_format(output.value("format", Json()));
    if (output.contains("speed")) json["speed"] = output["speed"];
  }
}

void session_from_ga(Json& session) {
  common_from_ga(session);
  if (Json* audio = object_in(session, "audio")) {
    if (Json* input = object_in(*audio, "input")) {
      session["input_audio_format"] = old_format(input->value("format", Json()));
      session["input_audio_transcription"] = input->value("transcription", Json());
      session["input_audio_noise_reduction"] = input->value("noise_reduction", Json());
      session["turn_detection"] = input->value("turn_detection", Json());
    }
    session.erase("audio");
  }
  move_field(session, "max_output_tokens", session, "max_response_output_tokens");
  for (auto const* name : {"type", "truncation", "prompt", "include"}) session.erase(name);
}

void response_from_ga(Json& response) {
  common_from_ga(response);
  response.erase("audio");
  if (auto const output = response.find("output"); output != response.end() && output->is_array()) {
    for (auto& item : *output) rename_parts(item, &Names::second, &Names::first);
  }
}

}  // namespace

std::string to_ga(std::string_view message) {
  Json json = Json::parse(message, nullptr, false);
  if (!json.is_object()) return std::string(message);
  auto const type = json.value("type", Json());
  if (type == "session.update") {
    if (Json* session = object_in(json, "session")) session_to_ga(*session);
  } else if (type == "response.create") {
    if (Json* response = object_in(json, "response")) {
      Json output = Json::object();
      common_to_ga(*response, output);
      if (!output.empty()) (*response)["audio"] = {{"output", std::move(output)}};
      if (response->contains("input") && (*response)["input"].is_array()) {
        for (auto& item : (*response)["input"]) rename_parts(item, &Names::first, &Names::second);
      }
    }
  } else if (type == "conversation.item.create") {
    if (Json* item = object_in(json, "item")) rename_parts(*item, &Names::first, &Names::second);
  } else {
    return std::string(message);  // sound above all: not written anew
  }
  return dump(json);
}

std::optional<std::string> from_ga(std::string_view event) {
  // Sound is most of what leaves, and only its name changes.
  Json json = Json::parse(event, nullptr, false);
  if (!json.is_object() || !json["type"].is_string()) return std::string(event);
  auto const type = json["type"].get<std::string>();
  if (type == "conversation.item.done" || type == "input_audio_buffer.timeout_triggered") return std::nullopt;
  if (type == "conversation.item.added") json["type"] = "conversation.item.created";
  for (auto const& [old, now] : event_prefixes) {
    if (type.starts_with(now)) json["type"] = std::string(old) + type.substr(now.size());
  }
  if (Json* item = object_in(json, "item")) rename_parts(*item, &Names::second, &Names::first);
  if (Json* session = object_in(json, "session")) session_from_ga(*session);
  if (Json* response = object_in(json, "response")) response_from_ga(*response);
  return dump(json);
}

bool asked_for(std::string_view header, std::string_view protocols) {
  return header.find("realtime=v1") != std::string_view::npos ||
         protocols.find("openai-beta.realtime-v1") != std::string_view::npos;
}

}  // namespace parley::server::beta
