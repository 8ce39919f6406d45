#pragma once
// What a client of the Realtime protocol may say (OpenAI Realtime GA, WebSocket). Bytes in, one message or one error out.
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conversation/item.hpp"
#include "language/model.hpp"
#include "server/field_reader.hpp"
#include "server/protocol_error.hpp"

namespace parley::server {

/// Checked by SessionConfig::merge, which knows what is in force.
struct SessionUpdate {
  Json session;
};
struct AudioAppend {
  std::string bytes;  ///< decoded from base64; in the session's input format
};
struct AudioCommit {};
struct AudioClear {};
struct ItemCreate {
  conversation::Item item;           ///< `id` may be empty
  std::optional<std::string> after;  ///< absent: at the end; "root": first
};
struct ItemRetrieve {
  std::string item;
};
struct ItemTruncate {
  std::string item;
  int content_index = 0;
  std::int64_t audio_end_ms = 0;
};
struct ItemDelete {
  std::string item;
};
/// Of `response.input`: an item of its own, or one of the conversation by its id.
struct InputItem {
  std::optional<conversation::Item> item;
  std::string reference;
};
struct ResponseCreate {
  std::optional<std::string> instructions, voice;
  std::optional<bool> speak;
  std::optional<int> max_tokens;
  bool outside = false;  ///< conversation: "none"
  std::optional<std::vector<InputItem>> input;
  std::map<std::string, std::string> metadata;
  std::optional<std::vector<language::Tool>> tools;
  std::optional<language::ToolChoice> tool_choice;
  std::optional<std::string> say;  ///< our own extension `response.parley.say`: speak exactly this
};
struct ResponseCancel {
  std::optional<std::string> response;
};

struct ClientMessage {
  std::string event_id;  ///< the client's own; may be empty
  std::variant<SessionUpdate, AudioAppend, AudioCommit, AudioClear, ItemCreate, ItemRetrieve, ItemTruncate, ItemDelete,
               ResponseCreate, ResponseCancel>
      body;
};

/// The error carries the client's event_id wherever one could be read.
[[nodiscard]] std::expected<ClientMessage, ProtocolError> decode_client_message(std::string_view bytes);

}  // namespace parley::server
