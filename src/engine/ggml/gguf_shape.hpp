#pragma once
#include <filesystem>

#include "core/result.hpp"
#include "engine/ggml/memory_plan.hpp"

namespace parley::engine {

/// The shape of a language model from the head of its GGUF file; no weight is read. Which tensors are copied on this processor
/// is asked of ggml itself. unavailable: the file is missing, damaged or tells too little.
[[nodiscard]] core::Result<ModelShape> read_gguf_shape(std::filesystem::path const& path);

/// Makes `to` of `from` with weights of another precision ("Q4_K_M"), by llama.cpp's quantiser: a minute or so a billion
/// weights. Written beside and renamed. invalid: no such precision; unavailable: it could not be made or written.
[[nodiscard]] core::Result<void> quantise(std::filesystem::path const& from, std::filesystem::path const& to,
                                          std::string_view precision, int threads);

}  // namespace parley::engine
