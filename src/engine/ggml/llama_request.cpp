#include "engine/ggml/llama_request.hpp"

#include <llama.h>

#include <random>

#include "engine/ggml/llama_weights.hpp"

namespace parley::engine {

void LlamaSamplerDeleter::operator()(llama_sampler* sampler) const noexcept { llama_sampler_free(sampler); }

namespace {

constexpr int remembered = 64;  // tokens of the answer that the repeat penalty looks back on

float repeat_penalty(language::Sampling const& sampling) {
  return sampling.repeat_penalty > 0 ? sampling.repeat_penalty : 1.0F;
}
bool penalises(language::Sampling const& sampling) {
  return repeat_penalty(sampling) != 1.0F || sampling.frequency_penalty != 0 || sampling.presence_penalty != 0;
}
int candidates_of(language::Sampling const& sampling) { return sampling.temperature <= 0 ? 1 : sampling.top_k; }

}  // namespace

// The penalty moves at most `remembered` tokens down: so many more than asked for are enough, and looking up all of the
// vocabulary would take milliseconds.
std::size_t shortlist_of(language::Sampling const& sampling) {
  int const candidates = candidates_of(sampling);
  return candidates <= 0 ? 0 : static_cast<std::size_t>(candidates + (penalises(sampling) ? remembered : 0));
}

LlamaSampler make_sampler(language::Sampling const& sampling, int vocabulary) {
  LlamaSampler chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  auto const add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };
  int const candidates = candidates_of(sampling);
  if (penalises(sampling)) {
    if (candidates > 0) add(llama_sampler_init_top_k(candidates + remembered));
    add(llama_sampler_init_penalties(vocabulary, remembered, repeat_penalty(sampling), sampling.frequency_penalty,
                                     sampling.presence_penalty));
  }
  if (sampling.temperature <= 0) {
    add(llama_sampler_init_greedy());
    return chain;
  }
  if (candidates > 0) add(llama_sampler_init_top_k(candidates));
  if (sampling.top_p > 0 && sampling.top_p < 1) add(llama_sampler_init_top_p(sampling.top_p, 1));
  add(llama_sampler_init_temp(sampling.temperature));
  add(llama_sampler_init_dist(sampling.seed != 0 ? sampling.seed : std::random_device{}()));
  return chain;
}

LlamaSampler make_grammar(std::string const& rules, LlamaWeights const& weights) {
  return LlamaSampler(llama_sampler_init_grammar(llama_model_get_vocab(weights.model()), rules.c_str(), "root"));
}

}  // namespace parley::engine
