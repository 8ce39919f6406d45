#pragma once
// `parley keys create | list | revoke`: who may use a server, for what and how much.

namespace CLI {
class App;
}

namespace parley::app {

void add_keys_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
