#pragma once
#include <filesystem>

#include "core/result.hpp"

namespace parley::engine {

/// Walks a whisper.cpp model file from its first byte to its last without reading the weights: magic, sizes, filters, words and
/// the frame of every tensor must fit the file exactly. whisper.cpp itself trusts these numbers, and ggml ends the process
/// when they are wrong. A changed weight is not seen here; that is what the catalog's SHA-256 is for.
[[nodiscard]] core::Result<void> check_whisper_file(std::filesystem::path const& path);

}  // namespace parley::engine
