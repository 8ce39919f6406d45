#pragma once
#include "app/config.hpp"

namespace parley::app {

/// `parley serve`: answers until SIGTERM or SIGINT, then lets running calls end. Returns the exit status.
[[nodiscard]] int serve_command(Config const& config);

}  // namespace parley::app
