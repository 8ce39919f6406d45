#include "server/realtime_message.hpp"

#include <array>
#include <cmath>

#include "core/utf8.hpp"
#include "server/base64.hpp"
#include "server/function_tools.hpp"

namespace parley::server {
namespace {

using conversation::Item;
using language::Speaker;

constexpr std::size_t longest_id = 512;
constexpr std::size_t longest_say = 4096;  // bytes
constexpr std::size_t most_audio = std::size_t{15} << 20;

AudioAppend read_append(FieldReader& fields) {
  auto const encoded = fields.text("audio", most_audio / 3 * 4 + 4);
  if (!encoded) {
    fields.complain("audio", "missing_required_parameter", "Missing required parameter: 'audio'.");
    return {};
  }
  auto bytes = decode_base64(*encoded);  // an empty one is no mistake: players send it at the end of a file
  if (!bytes) {
    fields.complain("audio", "invalid_value", "Invalid 'audio': expected base64-encoded bytes.");
    return {};
  }
  return {*std::move(bytes)};
}

/// The text of one content part, whatever side it is from.
std::string read_part(FieldReader part, Speaker speaker, Item& item) {
  auto const type = speaker == Speaker::user        ? part.choice("type", {"input_text", "input_audio", "input_image"})
                    : speaker == Speaker::assistant ? part.choice("type", {"output_text", "output_audio"})
                                                    : part.choice("type", {"input_text"});
  if (!type) {
    part.complain("type", "missing_required_parameter", "Missing required parameter: '" + part.path("type") + "'.");
    return {};
  }
  if (*type == "input_image") {
    part.complain("type", "unsupported_content", "Images are not understood here; send 'input_text'.");
    return {};
  }
  if (*type == "input_text" || *type == "output_text") {
    auto text = part.text("text");
    if (!text) part.complain("text", "missing_required_parameter", "Missing required parameter: '" + part.path("text") + "'.");
    return text.value_or("");
  }
  auto transcript = part.text("transcript");
  if (!transcript) {
    part.complain("transcript", "unsupported_content",
                  "Sound inside an item is not transcribed; give its 'transcript', or send it with input_audio_buffer.append.");
  }
  item.spoken = true;
  return transcript.value_or("");
}

/// A call of a function that a client remembers, or the result of one.
Item read_call(Item item, std::string const& type, FieldReader& fields) {
  bool const result = type == "function_call_output";
  item.kind = result ? Item::Kind::function_call_output : Item::Kind::function_call;
  item.speaker = result ? Speaker::tool : Speaker::assistant;
  item.call_id = fields.needed_text("call_id", longest_id);
  if (!result) item.name = fields.needed_text("name", longest_id);
  auto text = fields.text(result ? "output" : "arguments");
  if (!text) {
    std::string const name = result ? "output" : "arguments";
    fields.complain(name, "missing_required_parameter", "Missing required parameter: '" + fields.path(name) + "'.");
  }
  item.text = std::move(text).value_or("");
  return item;
}

Item read_item(Json const& json, std::string const& path, Complaint& complaint) {
  FieldReader fields(json, path, complaint);
  Item item;
  item.id = fields.text("id", longest_id).value_or("");
  if (item.id == "root") fields.complain("id", "invalid_value", "'root' cannot be the id of an item.");
  auto const type = fields.needed_text("type", longest_id);
  if (type == "function_call" || type == "function_call_output") return read_call(std::move(item), type, fields);
  if (!type.empty() && type != "message") {
    fields.complain("type", "unsupported_item",
                    "Items of type '" + type +
                        "' are not supported here; send a 'message', a 'function_call' or a 'function_call_output'.");
    return item;
  }
  auto const role = fields.choice("role", {"user", "assistant", "system"});
  if (!role) {
    fields.complain("role", "missing_required_parameter", "Missing required parameter: '" + fields.path("role") + "'.");
    return item;
  }
  item.speaker = *role == "user" ? Speaker::user : *role == "assistant" ? Speaker::assistant : Speaker::system;
  Json const* content = fields.array("content");
  if (content == nullptr || content->empty()) {
    fields.complain("content", "missing_required_parameter", "Missing required parameter: '" + fields.path("content") + "'.");
    return item;
  }
  for (std::size_t i = 0; i < content->size(); ++i) {
    std::string const where = fields.path("content") + "[" + std::to_string(i) + "]";
    if (!(*content)[i].is_object()) {
      fields.complain("content", "invalid_type", "Invalid type for '" + where + "': expected an object.");
      return item;
    }
    std::string const text = read_part(FieldReader((*content)[i], where, complaint), item.speaker, item);
    item.text += (i == 0 ? "" : "\n") + text;
  }
  return item;
}

ItemCreate read_item_create(FieldReader& fields, Complaint& complaint) {
  ItemCreate create;
  if (Json const* item = fields.needed_object("item")) create.item = read_item(*item, "item", complaint);
  create.after = fields.text("previous_item_id", longest_id);
  return create;
}

ItemTruncate read_truncate(FieldReader& fields) {
  ItemTruncate truncate;
  truncate.item = fields.needed_text("item_id", longest_id);
  truncate.content_index = static_cast<int>(fields.integer("content_index", 0, 0).value_or(0));
  // Clients compute this with a clock and may send a fraction of a millisecond.
  auto const end = fields.number("audio_end_ms", 0, 1e12);
  if (!end) {
    fields.complain("audio_end_ms", "missing_required_parameter", "Missing required parameter: 'audio_end_ms'.");
  } else {
    truncate.audio_end_ms = static_cast<std::int64_t>(std::floor(*end));
  }
  return truncate;
}

std::optional<bool> read_modalities(FieldReader& fields) {
  Json const* list = fields.array("output_modalities");
  if (list == nullptr) return std::nullopt;
  if (list->size() == 1 && list->front() == "audio") return true;
  if (list->size() == 1 && list->front() == "text") return false;
  fields.complain("output_modalities", "invalid_value", "Invalid modalities: supported are ['audio'] and ['text'].");
  return std::nullopt;
}

std::map<std::string, std::string> read_metadata(FieldReader& fields) {
  std::map<std::string, std::string> metadata;
  Json const* object = fields.object("metadata");
  if (object == nullptr) return metadata;
  if (object->size() > 16) fields.complain("metadata", "invalid_value", "'metadata' holds at most 16 pairs.");
  for (auto const& [key, value] : object->items()) {
    if (!value.is_string() || core::count_code_points(key) > 64 ||
        core::count_code_points(value.get_ref<std::string const&>()) > 512) {
      fields.complain("metadata", "invalid_value", "'metadata' maps strings of up to 64 characters to strings of up to 512.");
      return metadata;
    }
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

std::optional<std::vector<InputItem>> read_input(FieldReader& fields, Complaint& complaint) {
  Json const* list = fields.array("input");
  if (list == nullptr) return std::nullopt;
  std::vector<InputItem> input;
  for (std::size_t i = 0; i < list->size(); ++i) {
    Json const& entry = (*list)[i];
    std::string const where = fields.path("input") + "[" + std::to_string(i) + "]";
    if (!entry.is_object()) {
      fields.complain("input", "invalid_type", "Invalid type for '" + where + "': expected an object.");
      return std::nullopt;
    }
    if (auto const type = entry.find("type"); type != entry.end() && *type == "item_reference") {
      FieldReader reference(entry, where, complaint);
      input.push_back({std::nullopt, reference.needed_text("id", longest_id)});
    } else {
      input.push_back({read_item(entry, where, complaint), {}});
    }
  }
  return input;
}

ResponseCreate read_response_create(FieldReader& fields, Complaint& complaint) {
  ResponseCreate create;
  Json const* object = fields.object("response");
  if (object == nullptr) return create;
  FieldReader response(*object, "response", complaint);
  response.only({"audio", "conversation", "input", "instructions", "max_output_tokens", "metadata", "output_modalities",
                 "parallel_tool_calls", "parley", "prompt", "reasoning", "tool_choice", "tools"});
  if (Json const* own = response.object("parley")) {
    FieldReader own_fields(*own, "response.parley", complaint);
    own_fields.only({"say"});
    create.say = own_fields.text("say", longest_say);
  }
  create.instructions = response.text("instructions");
  create.speak = read_modalities(response);
  create.outside = response.choice("conversation", {"auto", "none"}) == "none";
  create.metadata = read_metadata(response);
  if (Json const* tools = response.array("tools")) create.tools = read_tools(*tools, "response.tools", complaint);
  if (response.has("tool_choice") && !response.is_null("tool_choice")) {
    create.tool_choice = read_tool_choice((*object)["tool_choice"], "response.tool_choice", complaint);
  }
  create.input = read_input(response, complaint);
  if (response.has("max_output_tokens") && (*object)["max_output_tokens"] != "inf") {
    if (auto const most = response.integer("max_output_tokens", 1, 4096)) create.max_tokens = static_cast<int>(*most);
  }
  if (Json const* prompt = response.object("prompt"); prompt != nullptr) {
    response.complain("prompt", "unsupported_parameter", "Stored prompts do not exist here; use 'instructions'.");
  }
  if (Json const* audio = response.object("audio")) {
    FieldReader audio_fields(*audio, "response.audio", complaint);
    if (Json const* output = audio_fields.object("output")) {
      FieldReader output_fields(*output, "response.audio.output", complaint);
      create.voice = output_fields.text("voice", longest_id);
      if (Json const* format = output_fields.object("format")) {
        (void)FieldReader(*format, "response.audio.output.format", complaint).choice("type", {"audio/pcm"});
      }
    }
  }
  return create;
}

using Body = decltype(ClientMessage::body);

struct Kind {
  std::string_view type;
  Body (*read)(FieldReader&, Complaint&);
};

constexpr std::array kinds{
    Kind{"session.update",
         [](FieldReader& fields, Complaint&) -> Body {
           Json const* session = fields.needed_object("session");
           return SessionUpdate{session == nullptr ? Json::object() : *session};
         }},
    Kind{"input_audio_buffer.append", [](FieldReader& fields, Complaint&) -> Body { return read_append(fields); }},
    Kind{"input_audio_buffer.commit", [](FieldReader&, Complaint&) -> Body { return AudioCommit{}; }},
    Kind{"input_audio_buffer.clear", [](FieldReader&, Complaint&) -> Body { return AudioClear{}; }},
    Kind{"conversation.item.create",
         [](FieldReader& fields, Complaint& complaint) -> Body { return read_item_create(fields, complaint); }},
    Kind{"conversation.item.retrieve",
         [](FieldReader& fields, Complaint&) -> Body { return ItemRetrieve{fields.needed_text("item_id", longest_id)}; }},
    Kind{"conversation.item.truncate", [](FieldReader& fields, Complaint&) -> Body { return read_truncate(fields); }},
    Kind{"conversation.item.delete",
         [](FieldReader& fields, Complaint&) -> Body { return ItemDelete{fields.needed_text("item_id", longest_id)}; }},
    Kind{"response.create",
         [](FieldReader& fields, Complaint& complaint) -> Body { return read_response_create(fields, complaint); }},
    Kind{"response.cancel",
         [](FieldReader& fields, Complaint&) -> Body { return ResponseCancel{fields.text("response_id", longest_id)}; }},
};

std::string unknown_type(std::string const& type) {
  if (type == "output_audio_buffer.clear") return "'output_audio_buffer.clear' belongs to WebRTC; send 'response.cancel'.";
  std::string message = "Invalid value: '" + type + "'. Supported values are: ";
  for (auto const& kind : kinds) message += (&kind == &kinds.front() ? "'" : ", '") + std::string(kind.type) + "'";
  return message + ".";
}

}  // namespace

std::expected<ClientMessage, ProtocolError> decode_client_message(std::string_view bytes) {
  Complaint complaint;
  auto const json = parse_json_object(bytes, complaint);
  if (!json) return std::unexpected(*std::move(complaint));
  FieldReader fields(*json, "", complaint);
  ClientMessage message;
  message.event_id = fields.text("event_id", longest_id).value_or("");
  std::string const type = fields.needed_text("type", longest_id);
  bool known = complaint.has_value();
  for (auto const& kind : kinds) {
    if (kind.type != type || known) continue;
    message.body = kind.read(fields, complaint);
    known = true;
  }
  if (!known) fields.complain("type", "invalid_value", unknown_type(type));
  if (!complaint) return message;
  complaint->event_id = message.event_id;
  return std::unexpected(*std::move(complaint));
}

}  // namespace parley::server
