#include "engine/ggml/llama_context.hpp"

#include <ggml-cpu.h>
#include <llama.h>

#include <algorithm>

#include "core/log.hpp"
#include "engine/ggml/llama_draw.hpp"

namespace parley::engine {
namespace {

// Every step reads all the weights, which takes as long as some four tokens' arithmetic: 4 tokens a step read a prompt at 58
// tokens a second, 8 at 78, 16 at 134, 32 at 154. Somebody who waits for an answer waits for his own prompt, and only sound
// that is about to run dry is more urgent than that, so his steps may be longer; others must not keep him waiting.
constexpr std::chrono::nanoseconds budget_in_call = std::chrono::milliseconds(120);
constexpr std::chrono::nanoseconds budget_else = std::chrono::milliseconds(75);
constexpr std::size_t least_prefill = 8;
constexpr std::size_t most_prefill = 128;

bool in_call(core::Urgency urgency) { return urgency <= core::Urgency::final_transcript; }

}  // namespace

/// llama_batch with its bounds kept.
struct LlamaContext::Batch {
  Batch() : raw(llama_batch_init(batch_limit, 0, 1)) {}
  ~Batch() { llama_batch_free(raw); }
  Batch(Batch const&) = delete;
  Batch& operator=(Batch const&) = delete;

  void add(llama_token token, std::size_t position, int sequence, bool output) {
    int const i = raw.n_tokens++;
    raw.token[i] = token;
    raw.pos[i] = static_cast<llama_pos>(position);
    raw.n_seq_id[i] = 1;
    raw.seq_id[i][0] = sequence;
    raw.logits[i] = output ? 1 : 0;
  }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(batch_limit - raw.n_tokens); }

  llama_batch raw;
};

core::Result<std::unique_ptr<LlamaContext>> LlamaContext::open(std::shared_ptr<LlamaWeights const> weights,
                                                               LlamaOptions const& options, int cores) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.total_tokens);
  params.n_batch = batch_limit;
  params.n_ubatch = batch_limit;
  // No request asks for more than one token's scores at once; room for those of a whole batch would be a sixth of a gigabyte.
  params.n_outputs_max = static_cast<std::uint32_t>(options.sequences + options.kept);
  params.n_seq_max = static_cast<std::uint32_t>(options.sequences + options.kept);
  params.n_threads = cores;
  params.n_threads_batch = cores;
  params.kv_unified = true;                                // so that a shared beginning costs nothing to copy
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;  // it skips the cells of other sequences
  params.no_perf = true;
  llama_context* const context = llama_init_from_model(weights->model(), params);
  if (context == nullptr) {
    return core::fail(core::Code::unavailable, "there is not enough memory for the language model's context; lower its size");
  }
  ggml_threadpool_params pool_params = ggml_threadpool_params_default(cores);
  pool_params.poll = 0;  // between two computations its threads sleep: the cores belong to the arbiter
  ggml_threadpool* const pool = ggml_threadpool_new(&pool_params);
  if (pool == nullptr) {
    llama_free(context);
    return core::fail(core::Code::unavailable, "the system gives the language model no threads");
  }
  llama_attach_threadpool(context, pool, pool);
  return std::unique_ptr<LlamaContext>(new LlamaContext(std::move(weights), options, context, pool, cores));
}

LlamaContext::LlamaContext(std::shared_ptr<LlamaWeights const> weights, LlamaOptions const& options, llama_context* context,
                           ggml_threadpool* pool, int cores)
    : weights_(std::move(weights)),
      options_(options),
      context_(context),
      pool_(pool),
      batch_(std::make_unique<Batch>()),
      cache_(options.sequences + options.kept),
      writing_threads_(cores),
      reading_threads_(cores),
      can_cut_(!llama_model_is_recurrent(weights_->model()) && !llama_model_is_hybrid(weights_->model())) {}

LlamaContext::~LlamaContext() {
  llama_free(context_);
  ggml_threadpool_free(pool_);
}

bool LlamaContext::admit(LlamaRequest& request) {
  // An answer needs the scores after its last token, so that one is always read anew.
  std::size_t const most = request.answers() ? request.tokens.size() - 1 : request.tokens.size();
  auto const claim = cache_.claim(request.tokens, can_cut_ ? most : 0);
  if (!claim) return false;
  llama_memory_t const memory = llama_get_memory(context_);
  auto const kept = static_cast<llama_pos>(claim->kept);
  if (claim->from) {
    llama_memory_seq_rm(memory, claim->sequence, -1, -1);
    llama_memory_seq_cp(memory, *claim->from, claim->sequence, 0, kept);
  } else {
    llama_memory_seq_rm(memory, claim->sequence, kept > 0 ? kept : -1, -1);
  }
  request.sequence = claim->sequence;
  request.read = claim->kept;
  return true;
}

std::size_t LlamaContext::known(LlamaRequest const& request) const { return can_cut_ ? cache_.known(request.tokens) : 0; }

void LlamaContext::release(LlamaRequest& request) {
  if (request.sequence >= 0) cache_.release(request.sequence);
  request.sequence = -1;
  request.read = 0;
}

std::size_t LlamaContext::prefill_size(bool call) const {
  if (options_.prefill > 0) return static_cast<std::size_t>(options_.prefill);
  double const cost = read_cost_ns_[call ? 1 : 0];
  if (cost <= 0) return least_prefill;
  auto const fits = static_cast<std::size_t>(static_cast<double>((call ? budget_in_call : budget_else).count()) / cost);
  return std::clamp(fits / 4 * 4, least_prefill, most_prefill);  // the kernels take four rows at a time
}

std::vector<LlamaContext::Part> LlamaContext::collect(std::span<LlamaRequest* const> requests) {
  std::vector<Part> parts;
  Batch& batch = *batch_;
  batch.raw.n_tokens = 0;
  std::size_t budget = prefill_size(!requests.empty() && in_call(requests.front()->urgency));
  for (bool const writing : {true, false}) {
    for (LlamaRequest* const request : requests) {
      if ((request->unread() == 1) != writing || request->unread() == 0) continue;
      std::size_t const count = std::min({request->unread(), writing ? 1 : budget, batch.left()});
      if (count == 0) continue;
      if (!writing) budget -= count;
      bool const complete = count == request->unread() && request->answers();
      for (std::size_t i = 0; i < count; ++i) {
        std::size_t const position = request->read + i;
        batch.add(request->tokens[position], position, request->sequence, complete && i + 1 == count);
      }
      parts.push_back({request, count, complete ? batch.raw.n_tokens - 1 : -1});
    }
  }
  return parts;
}

/// llama_decode, making room in the memory when there is none.
int LlamaContext::decode() {
  for (;;) {
    int const code = llama_decode(context_, batch_->raw);
    if (code != 1) return code;
    auto const evicted = cache_.evict();
    if (!evicted) return code;
    llama_memory_seq_rm(llama_get_memory(context_), *evicted, -1, -1);
  }
}

std::vector<LlamaContext::Part> LlamaContext::compute(std::span<LlamaRequest* const> requests) {
  auto parts = collect(requests);
  if (parts.empty()) return parts;
  auto const size = static_cast<std::size_t>(batch_->raw.n_tokens);
  bool const reading = size > parts.size();
  auto const begin = core::Clock::now();
  if (options_.threads <= 0) {
    int const threads = (reading ? reading_threads_ : writing_threads_).threads(begin);
    llama_set_n_threads(context_, threads, threads);
  }
  int const code = decode();
  auto const end = core::Clock::now();
  if (code != 0) {
    spdlog::error("the language model could not compute a step (llama_decode gave {})", code);
    for (Part const& part : parts) {
      llama_memory_seq_rm(llama_get_memory(context_), part.request->sequence, -1, -1);
      cache_.forget(part.request->sequence);
      part.request->sequence = -1;
    }
    return {};
  }
  // A token alone reads all the weights; in company each costs its arithmetic only, some third of that.
  (reading ? reading_threads_ : writing_threads_).took(end - begin, 2.0 + static_cast<double>(size), end);
  if (reading && size >= least_prefill) {
    double const each = static_cast<double>((end - begin).count()) / static_cast<double>(size);
    double& mean = read_cost_ns_[in_call(requests.front()->urgency) ? 1 : 0];
    mean = mean <= 0 ? each : 0.75 * mean + 0.25 * each;
  }
  for (Part const& part : parts) {
    LlamaRequest& request = *part.request;
    cache_.append(request.sequence, std::span(request.tokens).subspan(request.read, part.count));
    request.read += part.count;
  }
  return parts;
}

DrawnToken LlamaContext::draw(Part const& part) { return draw_token(*part.request, context_, part.row); }

}  // namespace parley::engine
