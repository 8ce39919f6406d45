#pragma once
// Small files as a whole: configuration, roles, tables.
#include <filesystem>
#include <optional>
#include <string>

namespace parley::core {

/// All bytes of the file; nothing when there is none, it may not be read or is a folder. The caller has the sentence that says
/// what the file was for.
[[nodiscard]] std::optional<std::string> file_bytes(std::filesystem::path const& path);

}  // namespace parley::core
