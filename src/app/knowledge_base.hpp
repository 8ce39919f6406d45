#pragma once
// Where knowledge bases are and what they are searched with.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "engine/arbiter.hpp"
#include "knowledge/store.hpp"
#include "language/embedder.hpp"

namespace parley::app {

inline constexpr char const* embedding_model = "multilingual-e5-small";

/// $PARLEY_HOME/knowledge/<name>.db. invalid: the name is not of letters, digits, '-' and '_'.
[[nodiscard]] core::Result<std::filesystem::path> knowledge_file(std::string const& name);
[[nodiscard]] std::vector<std::string> knowledge_names();  ///< of the bases there are, sorted

/// The embedding model of this machine. unavailable says how to get it.
[[nodiscard]] core::Result<std::shared_ptr<language::Embedder>> open_embedder(engine::Arbiter& arbiter);

}  // namespace parley::app
