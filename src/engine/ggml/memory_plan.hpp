#pragma once
// What a language model takes, said before it is loaded. Pure arithmetic: numbers in, a plan out.
//
// weights   the bytes of all tensors. Of a model that is only known by its number of parameters: parameters × bits a weight
//           (llama.cpp's own table of its quantisations, tools/quantize/README.md).
// repacked  on the processor, tensors of some types are copied into the order that its kernels read them in; the copy is
//           read from then on, while the file's pages stay mapped (ggml-cpu/repack.cpp).
// cache     keys and values: 2 × layers × kv_heads × head_width × 2 bytes a token (llama-kv-cache.cpp, in half precision).
// compute   what lives at once while a batch is computed: the residual stream, its norm and the attention's output, both
//           halves of the feed-forward layer, the mask of the attention, and the scores of the tokens that are asked for,
//           in single precision. Without flash attention also heads × batch × context scores (llama-graph.cpp).
// words     the vocabulary and the merges of the tokeniser.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::engine {

struct TensorShape {
  std::uint64_t elements = 0, row = 0;  ///< row: elements of one row
  std::uint64_t bytes = 0;
  bool edge = false;      ///< the token embedding or the output
  bool repacked = false;  ///< as its type is on this processor
};

struct ModelShape {
  std::string name;
  std::string precision;  ///< "Q4_K_M", "F16"
  double parameters = 0;
  int layers = 0, width = 0, feed_forward = 0;
  int heads = 0, kv_heads = 0, head_width = 0;
  int vocabulary = 0, merges = 0;
  int trained_context = 0;
  std::vector<TensorShape> tensors = {};  ///< empty: known by its number of parameters only
};

/// How far a precision can be gone down to, from the best: what llama.cpp's quantiser makes.
struct Precision {
  std::string_view name;  ///< "Q8_0"
  double bits = 0;        ///< of a weight inside
  double fallback = 0;    ///< where a row is no multiple of 256 and the quantiser takes another type
  double edge = 0, edge_fallback = 0;
};
[[nodiscard]] std::vector<Precision> const& precisions();
[[nodiscard]] Precision const* precision_named(std::string_view name);

struct PlanWish {
  int tokens = 16384;  ///< of context, all sequences together
  int batch = 256;     ///< tokens computed at once
  int outputs = 16;    ///< of them, those whose scores are asked for at once
  bool flash_attention = true;
  std::string_view precision = {};  ///< other than the file's
};

struct MemoryPlan {
  std::uint64_t weights = 0, repacked = 0, cache = 0, compute = 0, words = 0;
  [[nodiscard]] std::uint64_t total() const { return weights + repacked + cache + compute + words; }
};
[[nodiscard]] MemoryPlan plan_memory(ModelShape const& model, PlanWish const& wish);

/// Bits a weight takes in the model as it is.
[[nodiscard]] double bits_a_weight(ModelShape const& model);

/// What would be tried, best first: the model as it is, lower precisions, then the lowest with less and less context, down to
/// `least_tokens`. Only what fits into `bytes`.
struct Choice {
  std::string precision;  ///< empty: as it is
  int tokens = 0;
  MemoryPlan plan;
};
[[nodiscard]] std::vector<Choice> choices(ModelShape const& model, PlanWish const& wish, int least_tokens, std::uint64_t bytes);

/// "7B", "13B", "70B", "175B": models of that size as they are known in the field (Llama 2, GPT-3).
[[nodiscard]] std::optional<ModelShape> model_of_size(std::string_view size);
[[nodiscard]] std::vector<std::string> known_sizes();

/// Cards of `card_bytes` that hold the model, whole layers on each; every card has its own compute memory and 1 GiB for the
/// driver and fragmentation. 0: no number of cards up to one a layer does.
[[nodiscard]] int cards_needed(ModelShape const& model, MemoryPlan const& plan, std::uint64_t card_bytes);

}  // namespace parley::engine
