#include "app/knowledge_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "app/knowledge_split.hpp"

namespace parley::app {

void add_knowledge_command(CLI::App& app, int& exit_code) {
  auto* knowledge = app.add_subcommand("knowledge", "split, index and search documents");
  knowledge->require_subcommand(1);

  auto* split = knowledge->add_subcommand("split", R"(JSON lines {"input", "params"} to {"chunks", "start_index"})");
  split->callback([&exit_code] {
    std::ios::sync_with_stdio(false);
    exit_code = knowledge_split(std::cin, std::cout);
  });
}

}  // namespace parley::app
