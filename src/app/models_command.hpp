#pragma once
// parley models list | pull | verify | path | quantise

namespace CLI {
class App;
}

namespace parley::app {

/// Adds the subcommand `models`. Its callbacks run inside app.parse() and set `exit_code` to 0, or to 1 when anything
/// failed, after a sentence on standard error. `exit_code` must outlive the parse.
void add_models_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
