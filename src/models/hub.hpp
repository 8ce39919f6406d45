#pragma once
// Files from an address, over libcurl, going on where an earlier attempt stopped.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <stop_token>
#include <string>

#include "core/result.hpp"
#include "models/catalog.hpp"

namespace parley::models {

/// One for a run of pulls: a host that could not be reached once is not asked again, so that behind a closed network
/// the next source is tried at once. Not thread-safe.
class Hub {
 public:
  explicit Hub(std::chrono::milliseconds connect_timeout = std::chrono::seconds(5)) : connect_timeout_(connect_timeout) {}

  /// Appends to what `path` already holds. A publisher that announces another length or (as Hugging Face does) another
  /// SHA-256 than `pin` is refused before anything is fetched. The hash of the bytes is the caller's to check.
  [[nodiscard]] core::Result<void> fetch(std::string const& url, Pin const& pin, std::filesystem::path const& path,
                                         std::function<void(std::uint64_t)> const& progress, std::stop_token stop);

 private:
  std::chrono::milliseconds connect_timeout_;
  std::set<std::string> silent_;
};

}  // namespace parley::models
