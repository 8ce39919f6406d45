#pragma once
// What a conversation's history is made of: the items of the Realtime protocol, without its JSON.
#include <cstdint>
#include <string>

#include "audio/format.hpp"
#include "language/message.hpp"

namespace parley::conversation {

enum class ItemStatus { in_progress, completed, incomplete };

/// One message, or a call of a tool, or its result. `text` is as written: of a message what was said (of an interrupted answer
/// only what was heard), of a call its arguments (a JSON object), of a result what the tool gave.
struct Item {
  enum class Kind { message, function_call, function_call_output };

  std::string id;
  language::Speaker speaker = language::Speaker::user;
  std::string text;
  bool spoken = false;  ///< came as sound (user) or went out as sound (assistant)
  ItemStatus status = ItemStatus::completed;
  audio::Heard from, to;  ///< of a spoken user item: where in the microphone's stream it lies
  audio::Spoken heard;    ///< of a spoken assistant item: how much of it was heard
  Kind kind = Kind::message;
  std::string call_id = {};  ///< of a call and of its result
  std::string name = {};     ///< of a call: the tool
};

}  // namespace parley::conversation
