#pragma once
// `parley bench text`: what a text server is like under load.

namespace CLI {
class App;
}

namespace parley::app {

void add_bench_command(CLI::App& app, int& exit_code);

}  // namespace parley::app
