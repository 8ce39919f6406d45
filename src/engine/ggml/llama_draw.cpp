#include "engine/ggml/llama_draw.hpp"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "engine/ggml/shortlist.hpp"

namespace parley::engine {
namespace {

using Candidates = std::vector<llama_token_data>;

void fill(Candidates& candidates, std::span<float const> scores) {
  candidates.resize(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) candidates[i] = {static_cast<llama_token>(i), scores[i], 0.0F};
}

llama_token sample(llama_sampler* sampler, Candidates& candidates, bool sorted) {
  llama_token_data_array array{candidates.data(), candidates.size(), -1, sorted};
  llama_sampler_apply(sampler, &array);
  return array.data[std::max<std::int64_t>(array.selected, 0)].id;
}

llama_token sample(LlamaRequest& request, std::span<float const> scores) {
  Candidates candidates;
  if (request.shortlist == 0) {
    fill(candidates, scores);
  } else {
    for (auto const& [token, score] : highest(scores, request.shortlist)) candidates.push_back({token, score, 0.0F});
  }
  return sample(request.sampler.get(), candidates, request.shortlist != 0);
}

bool allowed(llama_sampler* grammar, llama_token token) {
  llama_token_data one{token, 1.0F, 0.0F};
  llama_token_data_array array{&one, 1, -1, false};
  llama_sampler_apply(grammar, &array);
  return std::isfinite(one.logit);
}

/// Only what the grammar allows. False when it allows nothing.
bool narrow(llama_sampler* grammar, Candidates& candidates) {
  llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(grammar, &array);
  std::erase_if(candidates, [](auto const& candidate) { return !std::isfinite(candidate.logit); });
  return !candidates.empty();
}

/// Logarithms of probabilities: log softmax over the whole vocabulary.
void score(DrawnToken& drawn, int alternatives, std::span<float const> scores) {
  float const top = std::ranges::max(scores);
  double sum = 0;
  for (float const each : scores) sum += std::exp(each - top);
  auto const logprob = [&](std::size_t token) { return static_cast<float>(scores[token] - top - std::log(sum)); };
  drawn.logprob = logprob(static_cast<std::size_t>(drawn.token));
  for (auto const& [token, unused] : highest(scores, static_cast<std::size_t>(alternatives))) {
    drawn.likeliest.emplace_back(token, logprob(static_cast<std::size_t>(token)));
  }
}

}  // namespace

DrawnToken draw_token(LlamaRequest& request, llama_context* context, int row) {
  llama_vocab const* const vocab = llama_model_get_vocab(llama_get_model(context));
  std::span<float const> const scores(llama_get_logits_ith(context, row),
                                      static_cast<std::size_t>(llama_vocab_n_tokens(vocab)));
  DrawnToken drawn{sample(request, scores)};
  // Checking the whole vocabulary takes tens of milliseconds and is seldom needed: most tokens that are drawn are allowed.
  if (request.grammar && !allowed(request.grammar.get(), drawn.token)) {
    Candidates candidates;
    fill(candidates, scores);
    if (!narrow(request.grammar.get(), candidates)) return {llama_vocab_eos(vocab)};
    drawn.token = sample(request.sampler.get(), candidates, false);
  }
  llama_sampler_accept(request.sampler.get(), drawn.token);
  if (request.grammar) llama_sampler_accept(request.grammar.get(), drawn.token);
  if (request.alternatives >= 0) score(drawn, request.alternatives, scores);
  return drawn;
}

}  // namespace parley::engine
