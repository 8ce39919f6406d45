#pragma once
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "engine/ggml/text_gate.hpp"
#include "language/model.hpp"

struct llama_sampler;

namespace parley::engine {

struct LlamaSamplerDeleter {
  void operator()(llama_sampler* sampler) const noexcept;
};
using LlamaSampler = std::unique_ptr<llama_sampler, LlamaSamplerDeleter>;

/// repeat penalty → top k → top p → temperature → draw; with temperature 0 the likeliest after the penalty.
[[nodiscard]] LlamaSampler make_sampler(language::Sampling const& sampling, int vocabulary);

/// One prompt, and the answer to it when there is a sink.
struct LlamaRequest {
  LlamaRequest(std::vector<std::int32_t> prompt, core::Urgency how_urgent)
      : tokens(std::move(prompt)), prompt_size(tokens.size()), urgency(how_urgent) {}

  [[nodiscard]] bool answers() const noexcept { return static_cast<bool>(sink); }
  [[nodiscard]] std::size_t unread() const noexcept { return tokens.size() - read; }
  [[nodiscard]] std::size_t written() const noexcept { return tokens.size() - prompt_size; }

  std::vector<std::int32_t> tokens;  ///< the prompt and what has been written
  std::size_t prompt_size;
  core::Urgency urgency;
  std::size_t room = 0;  ///< tokens it may come to need in the model's memory
  std::size_t max_tokens = 0;
  LlamaSampler sampler;
  TextGate gate{{}};
  language::Model::Sink sink;
  std::stop_source stop;
  core::Instant came{};

  // The scheduler's, on the arbiter's thread:
  std::size_t read = 0;  ///< tokens that are in the model's memory
  int sequence = -1;
  core::Instant begun{};
  language::Usage usage;
};

}  // namespace parley::engine
