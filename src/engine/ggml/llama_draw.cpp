#include "engine/ggml/llama_draw.hpp"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace parley::engine {
namespace {

using Candidates = std::vector<llama_token_data>;

void fill(Candidates& candidates, std::span<float const> scores) {
  candidates.resize(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) candidates[i] = {static_cast<llama_token>(i), scores[i], 0.0F};
}

llama_token sample(llama_sampler* sampler, Candidates& candidates) {
  llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
  llama_sampler_apply(sampler, &array);
  return array.data[std::max<std::int64_t>(array.selected, 0)].id;
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
  float const highest = std::ranges::max(scores);
  double sum = 0;
  for (float const each : scores) sum += std::exp(each - highest);
  auto const logprob = [&](std::size_t token) { return static_cast<float>(scores[token] - highest - std::log(sum)); };
  drawn.logprob = logprob(static_cast<std::size_t>(drawn.token));
  std::vector<std::int32_t> order(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  auto const most = std::min<std::ptrdiff_t>(alternatives, static_cast<std::ptrdiff_t>(order.size()));
  std::partial_sort(order.begin(), order.begin() + most, order.end(), [&](std::int32_t a, std::int32_t b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  for (auto const token : std::span(order).first(static_cast<std::size_t>(most))) {
    drawn.likeliest.emplace_back(token, logprob(static_cast<std::size_t>(token)));
  }
}

}  // namespace

DrawnToken draw_token(LlamaRequest& request, llama_context* context, int row) {
  if (!request.grammar && request.alternatives < 0) return {llama_sampler_sample(request.sampler.get(), context, row)};

  llama_vocab const* const vocab = llama_model_get_vocab(llama_get_model(context));
  std::span<float const> const scores(llama_get_logits_ith(context, row),
                                      static_cast<std::size_t>(llama_vocab_n_tokens(vocab)));
  Candidates candidates;
  fill(candidates, scores);
  DrawnToken drawn{sample(request.sampler.get(), candidates)};
  // Checking the whole vocabulary takes tens of milliseconds and is seldom needed: most tokens that are drawn are allowed.
  if (request.grammar && !allowed(request.grammar.get(), drawn.token)) {
    fill(candidates, scores);
    if (!narrow(request.grammar.get(), candidates)) return {llama_vocab_eos(vocab)};
    drawn.token = sample(request.sampler.get(), candidates);
  }
  llama_sampler_accept(request.sampler.get(), drawn.token);
  if (request.grammar) llama_sampler_accept(request.grammar.get(), drawn.token);
  if (request.alternatives >= 0) score(drawn, request.alternatives, scores);
  return drawn;
}

}  // namespace parley::engine
