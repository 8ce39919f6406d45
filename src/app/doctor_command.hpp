#pragma once
// parley doctor --cloud

namespace CLI {
class App;
}

namespace parley::app {

/// Adds the subcommand `doctor`. As with add_models_command, its callbacks set `exit_code`, which must outlive the parse.
void add_doctor_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
