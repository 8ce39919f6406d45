#pragma once
// parley simulate volcengine

namespace CLI {
class App;
}

namespace parley::app {

/// Adds the subcommand `simulate`. As with add_models_command, its callbacks set `exit_code`, which must outlive the parse.
void add_simulate_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
