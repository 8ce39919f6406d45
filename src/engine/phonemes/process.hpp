#pragma once
// A small program that is fed with some bytes and answers with some bytes (espeak-ng). No shell: the arguments arrive as given.
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::engine {

struct ProcessOutput {
  int exit_code = 0;   ///< 128 + the signal's number when a signal ended it
  std::string output;  ///< all of its standard output
  std::string errors;  ///< all of its standard error
};

/// Runs `arguments[0]` (found in PATH), writes `input` to its standard input and waits for its end. Blocks; thread-safe; our
/// other files are closed in the child. Errors: `unavailable` when there is no such program, `deadline` when it is not done in
/// time, `too_large` when it writes more than `limit` bytes; in the last two cases it is killed.
[[nodiscard]] core::Result<ProcessOutput> run_process(std::vector<std::string> const& arguments, std::string_view input,
                                                      std::chrono::milliseconds timeout,
                                                      std::size_t limit = std::size_t{64} << 20U);

}  // namespace parley::engine
