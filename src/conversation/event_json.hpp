#pragma once
// Events and settings as JSON (CBOR in a recording), and back. Throws what nlohmann::json throws for what is not one.
#include <nlohmann/json.hpp>

#include "conversation/event.hpp"

namespace parley::conversation {

[[nodiscard]] nlohmann::json to_json(Event const& event);
[[nodiscard]] Event event_from(nlohmann::json const& json);
[[nodiscard]] nlohmann::json to_json(Settings const& settings);
[[nodiscard]] Settings settings_from(nlohmann::json const& json);

}  // namespace parley::conversation
