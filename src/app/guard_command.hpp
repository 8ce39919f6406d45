#pragma once
// parley guard check: JSON lines through the gate.

namespace CLI {
class App;
}

namespace parley::app {

/// Adds the subcommand `guard`. Its callbacks run inside app.parse() and set `exit_code` to 0, or to 1 after a sentence on
/// standard error. `exit_code` must outlive the parse.
void add_guard_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
