#pragma once
// The language model of the configuration, loaded into the memory there is.
#include <filesystem>
#include <string>

#include "engine/ggml/llama_loading.hpp"

namespace parley::app {

/// Makes a model smaller in a process of its own, so that its memory is given back and its failure ends nothing else. The file
/// is kept under $PARLEY_HOME/quantised and found there the next time.
[[nodiscard]] core::Result<std::filesystem::path> make_smaller(std::filesystem::path const& model,
                                                               std::string const& precision);

/// A folder of the catalog, a file, or what such a name means: where the GGUF file is.
[[nodiscard]] core::Result<std::filesystem::path> find_gguf(std::string const& name);

}  // namespace parley::app
