#include "server/turn_detection.hpp"

#include <cmath>

namespace parley::server {
namespace {

using conversation::Milliseconds;
using conversation::TurnTaking;

Json defaults_of(TurnTaking::Kind kind) {
  TurnTaking turns;
  turns.kind = kind;
  return describe_turn_detection(turns);
}

}  // namespace

Json describe_turn_detection(TurnTaking const& turns) {
  switch (turns.kind) {
    case TurnTaking::Kind::manual: return nullptr;
    case TurnTaking::Kind::silence:
      return {{"type", "server_vad"},
              {"threshold", std::round(turns.threshold * 1000.0) / 1000.0},
              {"prefix_padding_ms", turns.prefix.count()},
              {"silence_duration_ms", turns.silence.count()},
              {"idle_timeout_ms", turns.idle ? Json(turns.idle->count()) : Json(nullptr)},
              {"create_response", turns.create_reply},
              {"interrupt_response", turns.interrupt_reply}};
    case TurnTaking::Kind::semantic:
      return {{"type", "semantic_vad"},
              {"eagerness", "auto"},
              {"create_response", turns.create_reply},
              {"interrupt_response", turns.interrupt_reply}};
  }
  return nullptr;
}

void merge_turn_detection(Json const& update, std::string const& path, Json& into, Complaint& complaint) {
  FieldReader fields(update, path, complaint);
  std::string const type = fields.choice("type", {"server_vad", "semantic_vad"})
                               .value_or(into.is_null() ? "server_vad" : into["type"].get<std::string>());
  if (into.is_null() || into["type"] != type) {
    into = defaults_of(type == "server_vad" ? TurnTaking::Kind::silence : TurnTaking::Kind::semantic);
  }
  auto put = [&](char const* name, auto const& value) {
    if (value) into[name] = *value;
  };
  put("create_response", fields.flag("create_response"));
  put("interrupt_response", fields.flag("interrupt_response"));
  if (type == "semantic_vad") {
    fields.only({"type", "eagerness", "create_response", "interrupt_response"});
    put("eagerness", fields.choice("eagerness", {"low", "medium", "high", "auto"}));
    return;
  }
  fields.only({"type", "threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms", "create_response",
               "interrupt_response"});
  put("threshold", fields.number("threshold", 0, 1));
  put("prefix_padding_ms", fields.integer("prefix_padding_ms", 0, 10'000));
  put("silence_duration_ms", fields.integer("silence_duration_ms", 0, 30'000));
  put("idle_timeout_ms", fields.integer("idle_timeout_ms", 5'000, 30'000));
  if (fields.is_null("idle_timeout_ms")) into["idle_timeout_ms"] = nullptr;
}

TurnTaking read_turn_detection(Json const& detection, TurnTaking const& role) {
  TurnTaking turns = role;
  if (detection.is_null()) {
    turns.kind = TurnTaking::Kind::manual;
    return turns;
  }
  turns.create_reply = detection["create_response"].get<bool>();
  turns.interrupt_reply = detection["interrupt_response"].get<bool>();
  if (detection["type"] == "server_vad") {
    turns.kind = TurnTaking::Kind::silence;
    turns.threshold = detection["threshold"].get<float>();
    turns.prefix = Milliseconds(detection["prefix_padding_ms"].get<int>());
    turns.silence = Milliseconds(detection["silence_duration_ms"].get<int>());
    Json const& idle = detection["idle_timeout_ms"];
    turns.idle = idle.is_null() ? std::nullopt : std::optional(Milliseconds(idle.get<int>()));
    return turns;
  }
  turns.kind = TurnTaking::Kind::semantic;
  // The longest waits are OpenAI's; "auto" is what the role says.
  std::string const eagerness = detection["eagerness"].get<std::string>();
  if (eagerness == "low") turns.longest_wait = Milliseconds(8000);
  if (eagerness == "medium") turns.longest_wait = Milliseconds(4000);
  if (eagerness == "high") turns.longest_wait = Milliseconds(2000);
  return turns;
}

}  // namespace parley::server
