#pragma once
// parley guard check: JSON lines through the gate.

#include <iosfwd>

#include "guard/guard.hpp"

namespace CLI {
class App;
}

namespace parley::app {

/// One JSON object a line in, one out: {"text": …} or {"pieces": […]} → "findings" and "released". 1 when a line could not be
/// read; it is answered with its "error".
int guard_check(std::istream& in, std::ostream& out, guard::Guard const& guard, guard::Direction direction);

/// Adds the subcommand `guard`. Its callbacks run inside app.parse() and set `exit_code` to 0, or to 1 after a sentence on
/// standard error. `exit_code` must outlive the parse.
void add_guard_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
