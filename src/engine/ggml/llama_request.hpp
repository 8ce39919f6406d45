#pragma once
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "engine/ggml/lookup_draft.hpp"
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
/// How many of the likeliest tokens that sampler looks at; 0: all.
[[nodiscard]] std::size_t shortlist_of(language::Sampling const& sampling);

class LlamaWeights;
/// From GBNF with the root rule "root"; empty when the rules cannot be used.
[[nodiscard]] LlamaSampler make_grammar(std::string const& rules, LlamaWeights const& weights);

/// What a step draws for one request.
struct DrawnToken {
  std::int32_t token = 0;
  float logprob = 0;                                           ///< only when asked for, as is
  std::vector<std::pair<std::int32_t, float>> likeliest = {};  ///< best first
};

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
  int adapter = 0;  ///< of LlamaAdapters
  LlamaSampler sampler;
  std::size_t shortlist = 0;  ///< candidates that the sampler looks at, the likeliest; 0: all
  LlamaSampler grammar;       ///< what the answer must obey; may be empty
  int alternatives = -1;      ///< as in language::Sampling
  std::string client;
  TextGate gate{{}};
  language::Model::Sink sink;
  std::stop_source stop;
  core::Instant came{};

  // The scheduler's, on the arbiter's thread:
  std::size_t read = 0;  ///< tokens that are in the model's memory
  int sequence = -1;
  LookupDraft draft;
  core::Instant begun{};
  std::vector<language::TokenScore> untold;  ///< of tokens whose text is still held back
  language::Usage usage;
};

}  // namespace parley::engine
