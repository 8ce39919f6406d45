#include "engine/ggml/llama_context.hpp"

#include <ggml-cpu.h>
#include <llama.h>

#include <algorithm>

#include "core/log.hpp"
#include "engine/available_memory.hpp"
#include "engine/ggml/llama_draw.hpp"

namespace parley::engine {
namespace {

// Every step reads all the weights, which takes as long as some four tokens' arithmetic: 4 tokens a step read a prompt at 58
// tokens a second, 8 at 78, 16 at 134, 32 at 154. Somebody who waits for an answer waits for his own prompt, and only sound
// that is about to run dry is more urgent than that, so his steps may be longer; others must not keep him waiting.
constexpr std::array<std::chrono::nanoseconds, 4> budgets{std::chrono::milliseconds(120), std::chrono::milliseconds(75),
                                                          std::chrono::milliseconds(80),
                                                          std::chrono::milliseconds(700)};  // by pace
constexpr double least_prefill = 8, most_prefill = LlamaContext::batch_limit;
constexpr std::size_t short_question = 48;    // tokens that are read in one step, when nobody is on the telephone
constexpr std::size_t worth_a_copy = 16;      // tokens: fewer are read in no time
constexpr std::size_t part_of_available = 4;  // memory for what is put beside: one part in so many of what is free
constexpr std::size_t share_of_oldest = 2;    // one part in so many of every other step is his who has waited longest

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

bool LlamaContext::flash_attention() { return llama_supports_gpu_offload(); }

core::Result<std::unique_ptr<LlamaContext>> LlamaContext::open(std::shared_ptr<LlamaWeights const> weights,
                                                               LlamaAdapters adapters, LlamaOptions const& options, int cores) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.total_tokens);
  params.n_batch = batch_limit;
  params.n_ubatch = batch_limit;
  params.n_outputs_max = static_cast<std::uint32_t>(outputs(options));
  params.n_seq_max = static_cast<std::uint32_t>(options.sequences + options.kept);
  params.n_threads = cores;
  params.n_threads_batch = cores;
  params.kv_unified = true;  // so that a shared beginning costs nothing to copy
  params.flash_attn_type = flash_attention() ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
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
  using Made = std::unique_ptr<LlamaContext>;
  return Made(new LlamaContext(std::move(weights), std::move(adapters), options, context, pool, cores));
}

LlamaContext::LlamaContext(std::shared_ptr<LlamaWeights const> weights, LlamaAdapters adapters, LlamaOptions const& options,
                           llama_context* context, ggml_threadpool* pool, int cores)
    : weights_(std::move(weights)),
      adapters_(std::move(adapters)),
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
  if (!bring_back(request, most)) {
    auto const claim = cache_.claim(request.tokens, can_cut_ ? most : 0, request.adapter);
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
  }
  // With flash attention an idle cell costs next to nothing.
  while (!flash_attention() && cache_.idle_tokens() > static_cast<std::size_t>(options_.idle_tokens)) {
    put_beside(*cache_.longest_idle());
  }
  return true;
}

/// Into a sequence of its own, when more of its beginning was put beside than lies in the memory.
bool LlamaContext::bring_back(LlamaRequest& request, std::size_t most) {
  std::span<SequenceCache::Token const> const prompt(request.tokens);
  auto const found = parked_.find(prompt.first(most), request.adapter);
  if (found.known < cache_.known(prompt.first(most), request.adapter) + worth_a_copy) return false;
  auto const claim = cache_.claim({}, 0, request.adapter);
  if (!claim) return false;
  llama_memory_t const memory = llama_get_memory(context_);
  auto const& state = found.where->state;
  llama_memory_seq_rm(memory, claim->sequence, -1, -1);
  while (llama_state_seq_set_data(context_, state.data(), state.size(), claim->sequence) == 0) {
    llama_memory_seq_rm(memory, claim->sequence, -1, -1);
    auto const idle = cache_.longest_idle();
    if (!idle) {
      cache_.forget(claim->sequence);
      return false;
    }
    llama_memory_seq_rm(memory, *idle, -1, -1);  // no room to be saved: what is parked must not go away meanwhile
    cache_.forget(*idle);
  }
  llama_memory_seq_rm(memory, claim->sequence, static_cast<llama_pos>(found.known), -1);
  cache_.append(claim->sequence, prompt.first(found.known));
  request.sequence = claim->sequence;
  request.read = found.known;
  return true;
}

/// Out of the model's memory, and kept as long as there is memory for it.
void LlamaContext::put_beside(int sequence) {
  auto const tokens = cache_.tokens(sequence);
  auto const adapter = cache_.adapter(sequence);
  if (can_cut_ && tokens.size() >= worth_a_copy && !parked_.holds(tokens, adapter)) {
    auto const size = llama_state_seq_get_size(context_, sequence);
    auto const most = std::min(size / tokens.size() * static_cast<std::size_t>(options_.total_tokens),
                               parked_.bytes() + available_memory().usable() / part_of_available);
    try {
      std::vector<std::uint8_t> state(size <= most ? size : 0);
      if (size <= most && llama_state_seq_get_data(context_, state.data(), size, sequence) == size) {
        parked_.put({{tokens.begin(), tokens.end()}, adapter, std::move(state)}, most);
      }
    } catch (std::bad_alloc const&) {  // then it will be read anew
    }
  }
  llama_memory_seq_rm(llama_get_memory(context_), sequence, -1, -1);
  cache_.forget(sequence);
}

std::size_t LlamaContext::known(LlamaRequest const& request) const {
  if (!can_cut_) return 0;
  return std::max(cache_.known(request.tokens, request.adapter), parked_.find(request.tokens, request.adapter).known);
}

void LlamaContext::release(LlamaRequest& request) {
  if (request.sequence >= 0) cache_.release(request.sequence);
  request.sequence = -1;
  request.read = 0;
}

std::size_t LlamaContext::prefill_size(Pace pace) const {
  if (options_.prefill > 0) return static_cast<std::size_t>(options_.prefill);
  return static_cast<std::size_t>(prefill_[static_cast<std::size_t>(pace)]) / 4 * 4;  // the kernels take four rows at a time
}

/// Feels its way: what a token costs depends on how many there are, so the cost of small steps says little about larger ones.
void LlamaContext::read_took(Pace pace, std::size_t tokens, std::chrono::nanoseconds time) {
  double& fits = prefill_[static_cast<std::size_t>(pace)];
  double const share = static_cast<double>(budgets[static_cast<std::size_t>(pace)].count()) / static_cast<double>(time.count());
  if (share < 1) fits *= std::max(share, 0.5);
  if (share >= 1 && tokens >= prefill_size(pace)) fits += std::max(4.0, fits / 4);
  fits = std::clamp(fits, least_prefill, most_prefill);
}

LlamaContext::Part LlamaContext::put(LlamaRequest& request, std::size_t count) {
  bool const complete = count == request.unread() && request.answers();
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t const position = request.read + i;
    batch_->add(request.tokens[position], position, request.sequence, complete && i + 1 == count);
  }
  return {&request, count, complete ? batch_->raw.n_tokens - 1 : -1};
}

/// Right behind the part's own token: its rows follow one another.
void LlamaContext::foretell(Part& part, std::size_t writers) {
  LlamaRequest& request = *part.request;
  std::size_t const left = request.max_tokens - std::min(request.max_tokens, request.written() + 1);
  std::size_t const share = std::size_t{most_written} / writers - 1;
  auto const draft = request.draft.next(request.tokens, std::min({left, share, batch_->left()}));
  part.draft.assign(draft.begin(), draft.end());
  for (std::size_t i = 0; i < draft.size(); ++i) batch_->add(draft[i], request.tokens.size() + i, request.sequence, true);
}

std::vector<LlamaContext::Part> LlamaContext::collect(std::span<LlamaRequest* const> requests, Pace pace) {
  std::vector<Part> parts;
  std::vector<LlamaRequest*> readers;
  batch_->raw.n_tokens = 0;
  auto const writers = static_cast<std::size_t>(std::ranges::count(requests, 1U, &LlamaRequest::unread));
  bool const foretold = options_.lookup && can_cut_ && writers > 0 && 2 * writers <= most_written;
  for (LlamaRequest* const request : requests) {
    if (request->unread() > 1) readers.push_back(request);
    if (request->unread() != 1 || batch_->left() == 0) continue;
    parts.push_back(put(*request, 1));
    if (foretold && parts.back().row >= 0) foretell(parts.back(), writers);
  }
  if (readers.empty()) return parts;
  // A short question must not wait for a long document to be read, nor the document for ever. The step that answers a question
  // reads nothing else, the next a little. A question is not read in pieces: each would read all the weights again.
  auto* const oldest = *std::ranges::min_element(readers, {}, &LlamaRequest::came);
  std::ranges::stable_sort(readers, {}, &LlamaRequest::unread);
  std::size_t budget = prefill_size(pace);
  if (pace == Pace::in_company && readers.front()->unread() <= short_question) budget = std::max(budget, short_question);
  budget = std::min(budget, batch_->left());
  std::size_t reserved = passed_over_ ? std::min({oldest->unread(), prefill_size(pace) / share_of_oldest, budget}) : 0;
  passed_over_ = true;
  bool answers = false;
  for (LlamaRequest* const request : readers) {
    std::size_t const room = request != oldest ? budget - reserved : answers ? reserved : budget;
    if (request == oldest) reserved = 0;
    std::size_t const count = std::min(request->unread(), room);
    if (count == 0) continue;
    budget -= count;
    if (request == oldest) passed_over_ = false;
    answers = answers || count == request->unread();
    parts.push_back(put(*request, count));
  }
  return parts;
}

/// llama_decode, making room in the memory when there is none.
int LlamaContext::decode() {
  for (;;) {
    int const code = llama_decode(context_, batch_->raw);
    if (code != 1) return code;
    auto const idle = cache_.longest_idle();
    if (!idle) return code;
    put_beside(*idle);
  }
}

std::vector<LlamaContext::Part> LlamaContext::compute(std::span<LlamaRequest* const> requests, Pace pace) {
  auto parts = collect(requests, pace);
  if (parts.empty()) return parts;
  auto const size = static_cast<std::size_t>(batch_->raw.n_tokens);
  bool const reading = std::ranges::any_of(parts, [](Part const& part) { return part.count > 1; });
  auto const begin = core::Clock::now();
  if (options_.threads <= 0) {
    int const threads = (reading ? reading_threads_ : writing_threads_).threads(begin);
    llama_set_n_threads(context_, threads, threads);
  }
  adapters_.use(context_, parts.front().request->adapter);
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
  if (reading) read_took(pace, size, end - begin);
  for (Part const& part : parts) {
    LlamaRequest& request = *part.request;
    cache_.append(request.sequence, std::span(request.tokens).subspan(request.read, part.count));
    request.read += part.count;
  }
  return parts;
}

std::vector<DrawnToken> LlamaContext::draw(Part const& part) {
  LlamaRequest& request = *part.request;
  std::vector<DrawnToken> drawn{draw_token(request, context_, part.row)};
  std::size_t right = 0;
  while (right < part.draft.size() && drawn.back().token == part.draft[right]) {
    ++right;
    drawn.push_back(draw_token(request, context_, part.row + static_cast<int>(right)));
  }
  if (part.draft.empty()) return drawn;
  request.draft.drawn(part.draft.size(), right);
  cache_.append(request.sequence, std::span(part.draft).first(right));
  request.read += right;
  llama_memory_seq_rm(llama_get_memory(context_), request.sequence, static_cast<llama_pos>(request.read), -1);
  return drawn;
}

}  // namespace parley::engine
