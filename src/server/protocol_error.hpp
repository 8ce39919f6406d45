#pragma once
#include <string>

namespace parley::server {

/// What the Realtime `error` event and the HTTP error body carry. The session goes on after it.
struct ProtocolError {
  std::string code;      ///< OpenAI's own where there is one: "invalid_value", "missing_required_parameter", …
  std::string message;   ///< a sentence that says what to do
  std::string param;     ///< the field at fault, as a path: "session.audio.output.speed"; may be empty
  std::string event_id;  ///< the client's, of the event that was refused; may be empty
  std::string type = "invalid_request_error";
};

}  // namespace parley::server
