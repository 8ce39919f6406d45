#pragma once
// The keys of this machine: one JSON file that only its owner may read. It holds hashes, names and limits; revoked keys stay in
// it, so that a server whose last key is revoked does not open its door.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "server/keys/api_key.hpp"

namespace parley::server {

/// No file: no keys. Errors: `invalid` when it cannot be understood, `permission` when it may not be read.
[[nodiscard]] core::Result<std::vector<ApiKey>> read_keys(std::filesystem::path const& file);

/// Reads, changes and writes it, beside and renamed, with mode 0600; others that change it meanwhile wait (flock on FILE.lock).
/// What `change` refuses is not written.
[[nodiscard]] core::Result<void> change_keys(std::filesystem::path const& file,
                                             std::function<core::Result<void>(std::vector<ApiKey>&)> const& change);

/// `bytes` as the whole file, readable by its owner only: written beside, brought to the disk, renamed.
[[nodiscard]] core::Result<void> write_private(std::filesystem::path const& file, std::string_view bytes);

}  // namespace parley::server
