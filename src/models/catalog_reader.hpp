#pragma once
// YAML → models, with every field checked. Only catalog.cpp uses this.
#include <string>
#include <string_view>
#include <vector>

#include "models/catalog.hpp"

namespace parley::models {

/// Unknown, missing, doubled and malformed fields are errors that name the field and the line.
[[nodiscard]] core::Result<std::vector<Model>> read_catalog(std::string_view yaml, std::string const& file);

/// Relative, with '/', no empty, "." or ".." part, no control character: safe to put below a folder.
[[nodiscard]] bool is_safe_path(std::string_view path) noexcept;

}  // namespace parley::models
