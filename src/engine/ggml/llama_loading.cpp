#include "engine/ggml/llama_loading.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "engine/ggml/gguf_shape.hpp"
#include "engine/ggml/llama_context.hpp"

namespace parley::engine {
namespace {

constexpr int least_tokens = 1024;  // a question and an answer

std::uint64_t mebibytes(std::uint64_t bytes) { return bytes >> 20; }

core::Error nothing_fits(ModelShape const& shape, PlanWish wish, AvailableMemory const& memory) {
  wish.tokens = least_tokens;
  auto least = plan_memory(shape, wish).total();
  for (auto const& precision : precisions()) {
    wish.precision = precision.name;
    least = std::min(least, plan_memory(shape, wish).total());
  }
  return {core::Code::unavailable,
          fmt::format("the language model {} needs {} MiB at its least and {} MiB may be used (limit: {}); choose a smaller "
                      "model, or see `parley plan`",
                      shape.name, mebibytes(least), mebibytes(memory.bytes), memory.limit),
          short_of_memory,
          {}};
}

}  // namespace

PlanWish wish_of(LlamaOptions const& options) {
  return {.tokens = options.total_tokens,
          .batch = LlamaContext::batch_limit,
          .outputs = LlamaContext::outputs(options),
          .flash_attention = LlamaContext::flash_attention()};
}

core::Result<LoadedLlama> load_within(std::filesystem::path const& model, Arbiter& arbiter, LlamaOptions options,
                                      AvailableMemory const& memory, MakeSmaller const& smaller) {
  auto const shape = read_gguf_shape(model);
  if (!shape) return std::unexpected(shape.error());
  auto const wish = wish_of(options);
  auto bytes = memory.usable();
  for (auto const& adapter : options.adapters) {
    std::error_code error;
    auto const size = std::filesystem::file_size(adapter.file, error);
    if (error) return core::fail(core::Code::unavailable, "this adapter is not there", adapter.file.string());
    bytes -= std::min<std::uint64_t>(bytes, size);
  }
  for (auto const& choice : choices(*shape, wish, least_tokens, bytes)) {
    auto file = model;
    auto precision = shape->precision;
    if (!choice.precision.empty()) {
      if (!smaller) continue;
      auto made = smaller(model, choice.precision);
      if (!made) {
        spdlog::warn("{} in {}: {}", shape->name, choice.precision, core::describe(made.error()));
        continue;
      }
      auto const now = read_gguf_shape(*made);  // what was planned was an estimate
      auto as_made = wish;
      as_made.tokens = choice.tokens;
      if (!now || plan_memory(*now, as_made).total() > bytes) continue;
      file = *std::move(made);
      precision = choice.precision;
    }
    auto each = options;
    each.total_tokens = choice.tokens;
    each.context_tokens = std::min(options.context_tokens, choice.tokens);
    auto loaded = Llama::load(file, arbiter, each);
    if (!loaded) {
      auto const is_at_fault = [&](LlamaAdapter const& adapter) { return adapter.file.string() == loaded.error().subject; };
      if (std::ranges::any_of(options.adapters, is_at_fault)) return std::unexpected(loaded.error());
      spdlog::warn("{} in {} with {} tokens of context could not be loaded: {}", shape->name, precision, choice.tokens,
                   core::describe(loaded.error()));
      continue;
    }
    bool const reduced = !choice.precision.empty() || choice.tokens < options.total_tokens;
    return LoadedLlama{std::move(*loaded), precision, each.context_tokens, each.total_tokens, reduced};
  }
  return std::unexpected(nothing_fits(*shape, wish, memory));
}

}  // namespace parley::engine
