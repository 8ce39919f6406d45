#pragma once
// What is unsafe in the way this Parley is set up: keys where they do not belong, files that others may read. Looks and changes
// nothing.
#include <filesystem>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "core/result.hpp"

namespace parley::app {

struct SetupProblem {
  std::string where;  ///< a file, with its line where there is one; an environment variable
  std::string what;   ///< never the secret itself
  std::string mend;   ///< a command, or a sentence
};

struct SetupPlaces {
  std::filesystem::path working_folder;              ///< where a .env would be read
  std::vector<std::filesystem::path> texts;          ///< files and folders of configuration, roles and prompts
  std::vector<std::filesystem::path> private_files;  ///< that only their owner may read
  std::string keys_variable;                         ///< the environment variable with keys
};

[[nodiscard]] SetupPlaces places_of(Config const& config, std::filesystem::path const& config_file);

/// `looked_at` is told of everything that was looked at, in the order of looking. Errors: only when nothing can be looked for.
[[nodiscard]] core::Result<std::vector<SetupProblem>> check_setup(SetupPlaces const& places,
                                                                  std::vector<std::string>& looked_at);

}  // namespace parley::app
