#include "server/realtime_events.hpp"

#include "server/base64.hpp"

namespace parley::server {
namespace {

using conversation::Item;
using conversation::ItemStatus;
using conversation::ReplyEnded;
using language::Speaker;

/// Text of a model or a user may hold anything; what leaves is valid UTF-8.
std::string bytes_of(Json const& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json or_null(std::string const& text) { return text.empty() ? Json(nullptr) : Json(text); }

char const* name(ItemStatus status) {
  switch (status) {
    case ItemStatus::in_progress: return "in_progress";
    case ItemStatus::completed: return "completed";
    case ItemStatus::incomplete: return "incomplete";
  }
  return "completed";
}

Json content_json(Item const& item) {
  if (item.speaker == Speaker::assistant) {
    if (item.spoken) return {{"type", "output_audio"}, {"transcript", item.text}};
    return {{"type", "output_text"}, {"text", item.text}};
  }
  if (item.spoken) return {{"type", "input_audio"}, {"transcript", or_null(item.text)}};
  return {{"type", "input_text"}, {"text", item.text}};
}

char const* role_of(Speaker speaker) {
  switch (speaker) {
    case Speaker::system: return "system";
    case Speaker::assistant: return "assistant";
    default: return "user";
  }
}

Json error_json(core::Error const& error) {
  bool const ours = core::http_status(error.code) >= 500;
  return {{"type", ours ? "server_error" : "invalid_request_error"},
          {"code", std::string(core::name(error.code))},
          {"message", error.message},
          {"param", nullptr}};
}

Json status_details(ReplyEnded const& ended) {
  switch (ended.why) {
    case ReplyEnded::Why::completed: return nullptr;
    case ReplyEnded::Why::turn_detected: return {{"type", "cancelled"}, {"reason", "turn_detected"}};
    case ReplyEnded::Why::client_cancelled: return {{"type", "cancelled"}, {"reason", "client_cancelled"}};
    case ReplyEnded::Why::max_tokens: return {{"type", "incomplete"}, {"reason", "max_output_tokens"}};
    case ReplyEnded::Why::content_filter: return {{"type", "incomplete"}, {"reason", "content_filter"}};
    case ReplyEnded::Why::failed: {
      Json error = error_json(ended.error);
      error.erase("param");
      return {{"type", "failed"}, {"error", std::move(error)}};
    }
  }
  return nullptr;
}

char const* status_of(ReplyEnded::Why why) {
  switch (why) {
    case ReplyEnded::Why::completed: return "completed";
    case ReplyEnded::Why::turn_detected:
    case ReplyEnded::Why::client_cancelled: return "cancelled";
    case ReplyEnded::Why::max_tokens:
    case ReplyEnded::Why::content_filter: return "incomplete";
    case ReplyEnded::Why::failed: return "failed";
  }
  return "completed";
}

/// Every number is there, even of an answer that never began: clients add them up without looking.
Json usage_json(language::Usage const& usage) {
  return {{"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"input_tokens", usage.prompt_tokens},
          {"output_tokens", usage.completion_tokens},
          {"input_token_details",
           {{"text_tokens", usage.prompt_tokens},
            {"audio_tokens", 0},
            {"image_tokens", 0},
            {"cached_tokens", usage.cached_tokens},
            {"cached_tokens_details", {{"text_tokens", usage.cached_tokens}, {"audio_tokens", 0}, {"image_tokens", 0}}}}},
          {"output_token_details", {{"text_tokens", usage.completion_tokens}, {"audio_tokens", 0}}}};
}

Json response_json(ResponseFace const& face) {
  Json audio = nullptr;
  if (face.audio.is_object()) audio = {{"output", {{"format", face.audio["format"]}, {"voice", face.audio["voice"]}}}};
  return {{"object", "realtime.response"},
          {"id", face.response},
          {"status", "in_progress"},
          {"status_details", nullptr},
          {"output", Json::array()},
          {"conversation_id", or_null(face.conversation)},
          {"output_modalities", Json::array({face.speak ? "audio" : "text"})},
          {"max_output_tokens", face.max_tokens},
          {"audio", std::move(audio)},
          {"usage", nullptr},
          {"metadata", face.metadata.empty() ? Json(nullptr) : Json(face.metadata)}};
}

}  // namespace

Json item_json(Item const& item) {
  Json json{{"id", item.id}, {"object", "realtime.item"}, {"status", name(item.status)}};
  switch (item.kind) {
    case Item::Kind::message: {
      Json content = Json::array();
      if (item.status != ItemStatus::in_progress) content.push_back(content_json(item));
      json["type"] = "message";
      json["role"] = role_of(item.speaker);
      json["content"] = std::move(content);
      break;
    }
    case Item::Kind::function_call:
      json["type"] = "function_call";
      json["call_id"] = item.call_id;
      json["name"] = item.name;
      json["arguments"] = item.status == ItemStatus::in_progress ? "" : item.text;
      break;
    case Item::Kind::function_call_output:
      json["type"] = "function_call_output";
      json["call_id"] = item.call_id;
      json["output"] = item.text;
      break;
  }
  return json;
}

Json EventWriter::begin(std::string_view type) const { return {{"type", std::string(type)}, {"event_id", new_id_("event_")}}; }

Json EventWriter::begin(std::string_view type, ResponseFace const& face) const {
  Json event = begin(type);
  event["response_id"] = face.response;
  event["item_id"] = face.item;
  event["output_index"] = face.output_index;
  event["content_index"] = 0;
  return event;
}

std::string EventWriter::session(std::string_view type, Json const& session) const {
  Json event = begin(type);
  event["session"] = session;
  return bytes_of(event);
}

std::string EventWriter::error(ProtocolError const& error) const {
  Json event = begin("error");
  event["error"] = {{"type", error.type},
                    {"code", or_null(error.code)},
                    {"message", error.message},
                    {"param", or_null(error.param)},
                    {"event_id", or_null(error.event_id)}};
  return bytes_of(event);
}

std::string EventWriter::speech_started(std::string const& item, std::int64_t ms) const {
  Json event = begin("input_audio_buffer.speech_started");
  event["item_id"] = item;
  event["audio_start_ms"] = ms;
  return bytes_of(event);
}

std::string EventWriter::speech_stopped(std::string const& item, std::int64_t ms) const {
  Json event = begin("input_audio_buffer.speech_stopped");
  event["item_id"] = item;
  event["audio_end_ms"] = ms;
  return bytes_of(event);
}

std::string EventWriter::committed(std::string const& item, std::string const& previous) const {
  Json event = begin("input_audio_buffer.committed");
  event["item_id"] = item;
  event["previous_item_id"] = or_null(previous);
  return bytes_of(event);
}

std::string EventWriter::cleared() const { return bytes_of(begin("input_audio_buffer.cleared")); }

std::string EventWriter::turn_measured(measure::Turn const& turn) const {
  Json event = begin("parley.turn.measured");
  event["turn"] = Json::parse(measure::to_json(turn));
  return bytes_of(event);
}

std::string EventWriter::timeout_triggered(std::string const& item, std::int64_t from_ms, std::int64_t to_ms) const {
  Json event = begin("input_audio_buffer.timeout_triggered");
  event["item_id"] = item;
  event["audio_start_ms"] = from_ms;
  event["audio_end_ms"] = to_ms;
  return bytes_of(event);
}

std::string EventWriter::item(std::string_view type, Item const& item, std::string const& previous) const {
  Json event = begin(type);
  event["previous_item_id"] = or_null(previous);
  event["item"] = item_json(item);
  return bytes_of(event);
}

std::string EventWriter::item_retrieved(Item const& item) const {
  Json event = begin("conversation.item.retrieved");
  event["item"] = item_json(item);
  return bytes_of(event);
}

std::string EventWriter::item_deleted(std::string const& item) const {
  Json event = begin("conversation.item.deleted");
  event["item_id"] = item;
  return bytes_of(event);
}

std::string EventWriter::item_truncated(std::string const& item, int content_index, std::int64_t end_ms) const {
  Json event = begin("conversation.item.truncated");
  event["item_id"] = item;
  event["content_index"] = content_index;
  event["audio_end_ms"] = end_ms;
  return bytes_of(event);
}

std::string EventWriter::words_delta(std::string const& item, std::string const& delta) const {
  Json event = begin("conversation.item.input_audio_transcription.delta");
  event["item_id"] = item;
  event["content_index"] = 0;
  event["delta"] = delta;
  return bytes_of(event);
}

std::string EventWriter::words(std::string const& item, std::string const& text, double seconds) const {
  Json event = begin("conversation.item.input_audio_transcription.completed");
  event["item_id"] = item;
  event["content_index"] = 0;
  event["transcript"] = text;
  event["usage"] = {{"type", "duration"}, {"seconds", seconds}};
  return bytes_of(event);
}

std::string EventWriter::words_failed(std::string const& item, core::Error const& error) const {
  Json event = begin("conversation.item.input_audio_transcription.failed");
  event["item_id"] = item;
  event["content_index"] = 0;
  event["error"] = error_json(error);
  return bytes_of(event);
}

std::string EventWriter::response_created(ResponseFace const& face) const {
  Json event = begin("response.created");
  event["response"] = response_json(face);
  return bytes_of(event);
}

std::string EventWriter::output_item(std::string_view type, ResponseFace const& face, Item const& item,
                                     int output_index) const {
  Json event = begin(type);
  event["response_id"] = face.response;
  event["output_index"] = output_index;
  event["item"] = item_json(item);
  return bytes_of(event);
}

std::string EventWriter::content_part(std::string_view type, ResponseFace const& face, std::string const& text) const {
  Json event = begin(type, face);
  event["part"] = face.speak ? Json{{"type", "audio"}, {"transcript", text}} : Json{{"type", "text"}, {"text", text}};
  return bytes_of(event);
}

std::string EventWriter::text_delta(ResponseFace const& face, std::string const& delta) const {
  Json event = begin(face.speak ? "response.output_audio_transcript.delta" : "response.output_text.delta", face);
  event["delta"] = delta;
  return bytes_of(event);
}

std::string EventWriter::text_done(ResponseFace const& face, std::string const& text) const {
  Json event = begin(face.speak ? "response.output_audio_transcript.done" : "response.output_text.done", face);
  event[face.speak ? "transcript" : "text"] = text;
  return bytes_of(event);
}

std::string EventWriter::arguments_delta(ResponseFace const& face, std::string const& item, int output_index,
                                         std::string const& call_id, std::string const& delta) const {
  Json event = begin("response.function_call_arguments.delta");
  event["response_id"] = face.response;
  event["item_id"] = item;
  event["output_index"] = output_index;
  event["call_id"] = call_id;
  event["delta"] = delta;
  return bytes_of(event);
}

std::string EventWriter::arguments_done(ResponseFace const& face, Item const& item, int output_index) const {
  Json event = begin("response.function_call_arguments.done");
  event["response_id"] = face.response;
  event["item_id"] = item.id;
  event["output_index"] = output_index;
  event["call_id"] = item.call_id;
  event["name"] = item.name;
  event["arguments"] = item.text;
  return bytes_of(event);
}

std::string EventWriter::audio_delta(ResponseFace const& face, std::string_view sound) const {
  // By hand: this is most of what is ever sent, and base64 needs no escaping.
  std::string event = bytes_of(begin("response.output_audio.delta", face));
  event.pop_back();
  event += R"(,"delta":")";
  append_base64(event, sound);
  event += "\"}";
  return event;
}

std::string EventWriter::audio_done(ResponseFace const& face) const {
  return bytes_of(begin("response.output_audio.done", face));
}

std::string EventWriter::response_done(ResponseFace const& face, ReplyEnded const& ended, bool with_message) const {
  Json event = begin("response.done");
  Json response = response_json(face);
  response["status"] = status_of(ended.why);
  response["status_details"] = status_details(ended);
  if (with_message) response["output"].push_back(item_json(ended.item));
  for (auto const& call : ended.calls) response["output"].push_back(item_json(call));
  response["usage"] = usage_json(ended.usage);
  event["response"] = std::move(response);
  return bytes_of(event);
}

std::string EventWriter::grounds(ResponseFace const& face, language::Grounds const& grounds) const {
  Json event = begin("parley.response.grounds");
  event["response_id"] = face.response;
  event["item_id"] = face.item;
  event["grounds"] = language::to_json(grounds);
  return bytes_of(event);
}

std::string EventWriter::rate_limits() const {
  Json event = begin("rate_limits.updated");
  event["rate_limits"] = Json::array();  // none are kept per client; the event itself is part of the order
  return bytes_of(event);
}

}  // namespace parley::server
