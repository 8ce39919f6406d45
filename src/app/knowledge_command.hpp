#pragma once
// parley knowledge split

namespace CLI {
class App;
}

namespace parley::app {

/// Adds the subcommand `knowledge`. Its callbacks run inside app.parse() and set `exit_code` to 0, or to 1 when anything
/// failed, after a sentence on standard error. `exit_code` must outlive the parse.
void add_knowledge_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
