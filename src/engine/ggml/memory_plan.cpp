#include "engine/ggml/memory_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace parley::engine {
namespace {

constexpr std::uint64_t single = 4, half = 2;
// Strings, hash tables and their nodes, measured with vocabularies of 49,152 and 151,936 words.
constexpr std::uint64_t bytes_a_word = 220, bytes_a_merge = 170;

std::uint64_t as_bytes(double value) { return static_cast<std::uint64_t>(std::llround(value)); }
std::uint64_t as_count(int value) { return static_cast<std::uint64_t>(std::max(value, 0)); }

std::uint64_t weights_at(ModelShape const& model, Precision const& to) {
  if (model.tensors.empty()) return as_bytes(model.parameters * to.bits / 8);
  double bytes = 0;
  for (auto const& tensor : model.tensors) {
    bool const matrix = tensor.elements > tensor.row;
    bool const whole = tensor.row % 256 == 0;
    double const bits = tensor.edge ? (whole ? to.edge : to.edge_fallback) : (whole ? to.bits : to.fallback);
    double const changed = static_cast<double>(tensor.elements) * bits / 8;
    bytes += matrix ? std::min(changed, static_cast<double>(tensor.bytes)) : static_cast<double>(tensor.bytes);
  }
  return as_bytes(bytes);
}

std::uint64_t compute_of(ModelShape const& model, PlanWish const& wish) {
  auto const batch = as_count(wish.batch);
  auto const tokens = as_count(wish.tokens);
  auto const stream = 3 * as_count(model.width) + 2 * as_count(model.feed_forward);
  auto const mask = tokens * (single + half);
  auto const scores = wish.flash_attention ? 0 : 2 * as_count(model.heads) * tokens * single;
  return batch * (stream * single + mask + scores) + 2 * as_count(wish.outputs) * as_count(model.vocabulary) * single;
}

}  // namespace

std::vector<Precision> const& precisions() {
  static std::vector<Precision> const all{{"F16", 16, 16, 16, 16},           {"Q8_0", 8.5, 8.5, 8.5, 8.5},
                                          {"Q5_K_M", 5.7, 6.4, 6.5625, 8.5}, {"Q4_K_M", 4.85, 5.9, 6.5625, 8.5},
                                          {"Q3_K_M", 3.9, 5.0, 6.5625, 8.5}, {"Q2_K", 3.0, 4.6, 6.5625, 8.5}};
  return all;
}

Precision const* precision_named(std::string_view name) {
  auto const& all = precisions();
  auto const found = std::ranges::find(all, name, &Precision::name);
  return found == all.end() ? nullptr : &*found;
}

double bits_a_weight(ModelShape const& model) {
  if (model.tensors.empty()) {
    auto const* known = precision_named(model.precision);
    return known == nullptr ? 16 : known->bits;
  }
  double bytes = 0, elements = 0;
  for (auto const& tensor : model.tensors) {
    bytes += static_cast<double>(tensor.bytes);
    elements += static_cast<double>(tensor.elements);
  }
  return elements > 0 ? bytes * 8 / elements : 0;
}

MemoryPlan plan_memory(ModelShape const& model, PlanWish const& wish) {
  MemoryPlan plan;
  auto const* other = precision_named(wish.precision);
  if (other != nullptr) {
    plan.weights = weights_at(model, *other);
  } else if (model.tensors.empty()) {
    plan.weights = as_bytes(model.parameters * bits_a_weight(model) / 8);
  } else {
    for (auto const& tensor : model.tensors) {
      plan.weights += tensor.bytes;
      if (tensor.repacked) plan.repacked += tensor.bytes;
    }
  }
  plan.cache =
      2 * as_count(model.layers) * as_count(model.kv_heads) * as_count(model.head_width) * half * as_count(wish.tokens);
  plan.compute = compute_of(model, wish);
  plan.words = as_count(model.tensors.empty() ? 0 : model.vocabulary) * bytes_a_word + as_count(model.merges) * bytes_a_merge;
  return plan;
}

std::vector<Choice> choices(ModelShape const& model, PlanWish const& wish, int least_tokens, std::uint64_t bytes) {
  std::vector<Choice> fitting;
  auto const consider = [&](std::string_view precision, int tokens) {
    PlanWish each = wish;
    each.precision = precision;
    each.tokens = tokens;
    auto const plan = plan_memory(model, each);
    if (plan.total() <= bytes) fitting.push_back({std::string(precision), tokens, plan});
  };
  consider({}, wish.tokens);
  auto const now = plan_memory(model, wish).weights;
  std::string_view lowest;
  for (auto const& precision : precisions()) {
    if (weights_at(model, precision) * 20 >= now * 19) continue;  // not worth it below a twentieth
    consider(precision.name, wish.tokens);
    lowest = precision.name;
  }
  for (int tokens = wish.tokens / 2; tokens >= least_tokens; tokens /= 2) {
    consider({}, tokens);
    if (!lowest.empty()) consider(lowest, tokens);
  }
  return fitting;
}

std::vector<std::string> known_sizes() { return {"7B", "13B", "70B", "175B"}; }

std::optional<ModelShape> model_of_size(std::string_view size) {
  struct Known {
    std::string_view size, name;
    double parameters;
    int layers, width, feed_forward, heads, kv_heads, vocabulary;
  };
  constexpr std::array known{Known{"7B", "Llama 2 7B", 6.74e9, 32, 4096, 11008, 32, 32, 32000},
                             Known{"13B", "Llama 2 13B", 13.02e9, 40, 5120, 13824, 40, 40, 32000},
                             Known{"70B", "Llama 2 70B", 68.98e9, 80, 8192, 28672, 64, 8, 32000},
                             Known{"175B", "GPT-3 175B", 174.6e9, 96, 12288, 49152, 96, 96, 50257}};
  auto const* const found = std::ranges::find_if(known, [&](Known const& each) { return each.size == size; });
  if (found == known.end()) return std::nullopt;
  ModelShape shape;
  shape.name = found->name;
  shape.precision = "F16";
  shape.parameters = found->parameters;
  shape.layers = found->layers;
  shape.width = found->width;
  shape.feed_forward = found->feed_forward;
  shape.heads = found->heads;
  shape.kv_heads = found->kv_heads;
  shape.head_width = found->width / found->heads;
  shape.vocabulary = found->vocabulary;
  return shape;
}

int cards_needed(ModelShape const& model, MemoryPlan const& plan, std::uint64_t card_bytes) {
  constexpr std::uint64_t driver = std::uint64_t{1} << 30;
  auto const layers = as_count(model.layers);
  for (std::uint64_t cards = 1; cards <= layers; ++cards) {
    auto const most = (layers + cards - 1) / cards;  // layers on the fullest card
    auto const share = (plan.weights + plan.repacked + plan.cache) / layers * most;
    if (share + plan.compute + driver <= card_bytes) return static_cast<int>(cards);
  }
  return 0;
}

}  // namespace parley::engine
