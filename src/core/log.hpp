#pragma once
// The program's own log: one line an event, to standard error. Never a prompt, a transcript, sound or a key: those belong in
// traces that a person has switched on.
#include <spdlog/spdlog.h>

namespace parley::core {

/// `level`: trace, debug, info, warn, error, off. Called once, by main.
void start_log(std::string const& level);

}  // namespace parley::core
