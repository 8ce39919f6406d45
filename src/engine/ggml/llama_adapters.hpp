#pragma once
// Adapters (LoRA) of a language model: small files that change how it answers. Read once, beside the weights; a step of
// computing uses one of them or none.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/ggml/llama.hpp"
#include "engine/ggml/llama_weights.hpp"

struct llama_adapter_lora;
struct llama_context;

namespace parley::engine {

/// Belongs to the weights it was loaded for, and keeps them. Immutable after loading, except for `use`.
class LlamaAdapters {
 public:
  static constexpr int none = 0;

  /// Errors: `unavailable` with the file and what is wrong with it: missing, damaged, not a LoRA, or for another model. Before
  /// any context of these weights is opened: a context makes room for the adapters that are there.
  [[nodiscard]] static core::Result<LlamaAdapters> load(std::shared_ptr<LlamaWeights const> weights,
                                                        std::span<LlamaAdapter const> wanted);

  /// The number of the adapter of this name; none for the empty name. Error `not_found`.
  [[nodiscard]] core::Result<int> find(std::string const& name) const;

  /// What the context computes with from now on. Costs some milliseconds when it changes. On the context's thread.
  void use(llama_context* context, int adapter) const;

 private:
  struct Loaded {
    std::string name;
    llama_adapter_lora* adapter;  ///< freed with the weights
    float scale;
  };
  std::shared_ptr<LlamaWeights const> weights_;
  std::vector<Loaded> loaded_;  ///< number n is at n − 1
};

}  // namespace parley::engine
