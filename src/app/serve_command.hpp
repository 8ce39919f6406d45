#pragma once
#include "app/config.hpp"

namespace parley::app {

/// `parley serve`: answers until SIGTERM or SIGINT, then lets running calls end. `text_only`: no calls, and nothing of speech
/// is loaded. Returns the exit status.
[[nodiscard]] int serve_command(Config const& config, bool text_only);

}  // namespace parley::app
