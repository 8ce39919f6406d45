#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace parley::models {

/// What is being done to one model right now. `total` is 0 where nobody can tell (a converter at work).
struct Progress {
  std::string_view model;
  std::string_view stage;  ///< "download", "unpack", "join", "convert", "verify"
  std::string_view what;   ///< the file, package or script
  std::uint64_t done = 0;  ///< bytes
  std::uint64_t total = 0;
};

/// How a long piece of work is watched and stopped. Called on the calling thread, up to some ten times a second.
struct Watch {
  std::function<void(Progress const&)> progress;
  std::stop_token stop;

  void tell(Progress const& now) const {
    if (progress) progress(now);
  }
};

}  // namespace parley::models
