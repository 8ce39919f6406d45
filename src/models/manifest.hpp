#pragma once
// manifest.json inside a model's folder: what was put there, from which source, to the last bit.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "models/catalog.hpp"
#include "models/progress.hpp"

namespace parley::models {

struct Manifest {
  std::string id;
  unsigned revision = 1;
  std::string source;  ///< Source::name
  std::vector<Pin> files;
};

/// nullopt: there is none. A manifest that cannot be understood is an error.
[[nodiscard]] core::Result<std::optional<Manifest>> read_manifest(std::filesystem::path const& folder);
[[nodiscard]] core::Result<void> write_manifest(std::filesystem::path const& folder, Manifest const& manifest);

/// Hashes every file below `folder` but the manifest, in order of path.
[[nodiscard]] core::Result<std::vector<Pin>> hash_folder(std::filesystem::path const& folder, Watch const& watch,
                                                         std::string_view model);

/// What is wrong with the files, one phrase each ("model.bin is missing"); empty: nothing. Sizes only, unless `full`.
[[nodiscard]] core::Result<std::vector<std::string>> compare(std::filesystem::path const& folder, std::vector<Pin> const& pins,
                                                             bool full, Watch const& watch, std::string_view model);

}  // namespace parley::models
