#pragma once
// Another program as a step of ours: no shell, its own process group, output into a log file.
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace parley::models {

struct Command {
  std::vector<std::string> words;        ///< words[0] is looked up on PATH unless it has a '/'
  std::vector<std::string> environment;  ///< "NAME=value", in addition to and instead of ours
  std::filesystem::path log;             ///< standard output and error, appended
};

/// Waits for it; `tick` is called about five times a second. A stop ends the whole process group (SIGTERM, after three
/// seconds SIGKILL) and is Code::cancelled. A program that is missing or ends with another status than 0 is
/// Code::unavailable and quotes the last lines it wrote.
[[nodiscard]] core::Result<void> run(Command const& command, std::function<void()> const& tick, std::stop_token stop);

}  // namespace parley::models
