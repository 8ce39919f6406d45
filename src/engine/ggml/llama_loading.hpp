#pragma once
// A language model loaded into the memory there is: as it is, in a lower precision, with less context, or not at all with the
// numbers that say why. The same way down is gone when the system refuses memory in spite of the plan.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/available_memory.hpp"
#include "engine/ggml/llama.hpp"
#include "engine/ggml/memory_plan.hpp"

namespace parley::engine {

struct LoadedLlama {
  std::shared_ptr<Llama> model;
  std::string precision;   ///< "Q4_K_M"
  int context_tokens = 0;  ///< of one request
  int total_tokens = 0;    ///< of all together
  bool reduced = false;    ///< below what was asked for
};

/// The file of a model in a lower precision, made once.
using MakeSmaller =
    std::function<core::Result<std::filesystem::path>(std::filesystem::path const& model, std::string const& precision)>;

/// What `options` means as a wish to the plan.
[[nodiscard]] PlanWish wish_of(LlamaOptions const& options);

/// The subject of the error that there is too little memory.
inline constexpr char const* short_of_memory = "memory";

/// unavailable, with what is needed and what there is, when nothing fits. `smaller` may be empty.
[[nodiscard]] core::Result<LoadedLlama> load_within(std::filesystem::path const& model, Arbiter& arbiter, LlamaOptions options,
                                                    AvailableMemory const& memory, MakeSmaller const& smaller);

}  // namespace parley::engine
