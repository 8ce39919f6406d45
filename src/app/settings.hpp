#pragma once
#include "app/config.hpp"
#include "conversation/settings.hpp"
#include "language/role.hpp"

namespace parley::app {

/// What a call with this role is told: the role's own words, voices and pace, the house's defaults for the rest.
[[nodiscard]] conversation::Settings settings_of(language::Role const& role, Config const& config);

}  // namespace parley::app
