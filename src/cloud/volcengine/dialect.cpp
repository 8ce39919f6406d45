#include "cloud/volcengine/dialect.hpp"

#include "cloud/volcengine/event.hpp"

namespace parley::cloud::volcengine {
namespace {

Heard of_event(Dialect dialect, Frame const& frame, std::string const& session) {
  Heard heard;
  switch (*frame.event) {
    case event::connection_started: heard.connected = true; return heard;
    case event::connection_failed: heard.refused = read_said(frame.payload); return heard;
    default: break;
  }
  // The unidirectional service makes the numbers of its sessions itself, and serves one after the other.
  if (dialect == Dialect::bidirection && (session.empty() || frame.id.value_or("") != session)) return heard;
  switch (*frame.event) {
    case event::session_started: heard.started = true; break;
    case event::tts_response: heard.sound = frame.payload; break;
    case event::session_finished:
    case event::session_canceled:
    case event::session_failed: heard.over = read_said(frame.payload); break;
    default: break;
  }
  return heard;
}

}  // namespace

Dialect dialect_of(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (path.ends_with("/unidirectional/stream")) return Dialect::unidirection;
  if (path.ends_with("/unidirectional") || path.ends_with("/unidirectional/sse")) return Dialect::unidirectional_http;
  if (path.ends_with("/v1/tts/ws_binary")) return Dialect::v1;
  return Dialect::bidirection;
}

Frame opening(Dialect dialect, std::string const& session, SynthesisRequest const& request, std::string_view text) {
  if (dialect == Dialect::bidirection) return start_session(session, request);
  Frame frame;
  frame.payload = dialect == Dialect::v1 ? v1_body(session, request, text) : whole_request_body(request, text);
  return frame;
}

Heard understand(Dialect dialect, Frame const& frame, std::string const& session) {
  Heard heard;
  if (dialect != Dialect::v1) return frame.event ? of_event(dialect, frame, session) : heard;
  if (frame.type != MessageType::audio_response) return heard;
  heard.sound = frame.payload;
  if (frame.last || frame.sequence.value_or(0) < 0) heard.over.emplace();
  return heard;
}

}  // namespace parley::cloud::volcengine
