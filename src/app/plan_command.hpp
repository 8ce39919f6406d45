#pragma once
// parley plan MODEL …: what a model takes, before it is loaded

namespace CLI {
class App;
}

namespace parley::app {

/// Adds the subcommand `plan`, as add_models_command does.
void add_plan_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
