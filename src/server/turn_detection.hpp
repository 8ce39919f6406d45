#pragma once
// `audio.input.turn_detection` of the session object, both ways.
#include <string>

#include "conversation/settings.hpp"
#include "server/field_reader.hpp"

namespace parley::server {

/// Always complete: clients decide by `interrupt_response` whether they cancel an answer themselves. null for manual turns.
[[nodiscard]] Json describe_turn_detection(conversation::TurnTaking const& turns);

/// Merges an update into what is in force; another `type` begins from that type's defaults.
void merge_turn_detection(Json const& update, std::string const& path, Json& into, Complaint& complaint);

/// What a complete object means. The role's own figures stand where the protocol has no word for them.
[[nodiscard]] conversation::TurnTaking read_turn_detection(Json const& detection, conversation::TurnTaking const& role);

}  // namespace parley::server
