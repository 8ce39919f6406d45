#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config.hpp"

namespace parley::app {

struct CallOptions {
  std::vector<std::filesystem::path> recordings;  ///< what the person says, one after the other; empty: microphone and speaker
  std::string role;                               ///< empty: the configuration's
  std::optional<std::filesystem::path> out;       ///< the answers' sound as played
  std::optional<std::filesystem::path> record;    ///< the whole call, to be lived through again
  std::optional<std::filesystem::path> replay;    ///< such a recording, instead of a call
  bool json = false;
  bool greet = true;
};

/// `parley call`. Holds one conversation and returns the exit status: 0 when every recording was answered.
[[nodiscard]] int call_command(CallOptions const& options, Config const& config);

}  // namespace parley::app
