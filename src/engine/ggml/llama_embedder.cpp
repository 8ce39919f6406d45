#include "engine/ggml/llama_embedder.hpp"

#include <fmt/format.h>
#include <ggml-cpu.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <span>

#include "core/clock.hpp"
#include "engine/ggml/library_log.hpp"
#include "engine/ggml/llama_weights.hpp"
#include "engine/ggml/thread_choice.hpp"

namespace parley::engine {
namespace {

using core::Code;
using language::Vector;

// A text is one piece for a model that looks both ways, so a long one makes a long step; short ones share a step.
constexpr std::size_t tokens_a_step = 192;
constexpr std::size_t texts_a_step = 16;

struct ModelDeleter {
  void operator()(llama_model* model) const noexcept { llama_model_free(model); }
};
struct ContextDeleter {
  void operator()(llama_context* context) const noexcept { llama_free(context); }
};
struct PoolDeleter {
  void operator()(ggml_threadpool* pool) const noexcept { ggml_threadpool_free(pool); }
};

using Tokens = std::vector<llama_token>;

void make_unit(Vector& vector) {
  double sum = 0;
  for (float const x : vector) sum += static_cast<double>(x) * x;
  if (sum <= 0) return;
  auto const scale = static_cast<float>(1 / std::sqrt(sum));
  for (float& x : vector) x *= scale;
}

}  // namespace

/// The weights and the one context; `compute` only inside a step of the arbiter.
class LlamaEmbedder::Network {
 public:
  static core::Result<std::shared_ptr<Network>> open(std::string const& path, int threads) {
    route_library_logs();
    if (auto checked = check_gguf_file(path); !checked) return std::unexpected(checked.error());
    llama_backend_init();
    auto made = std::make_shared<Network>(threads);
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    made->model_.reset(llama_model_load_from_file(path.c_str(), model_params));
    if (!made->model_) {
      return core::fail(Code::unavailable, "the embedding model is damaged; check it with `parley models verify`", path);
    }
    made->limit_ = static_cast<std::size_t>(std::clamp(llama_model_n_ctx_train(made->model_.get()), 16, 2048));
    llama_context_params params = llama_context_default_params();
    auto const most = static_cast<std::uint32_t>(std::max(made->limit_, tokens_a_step));
    params.n_ctx = most;
    params.n_batch = most;
    params.n_ubatch = most;  // a text has to be read in one piece
    params.n_seq_max = texts_a_step;
    params.kv_unified = true;
    params.embeddings = true;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.no_perf = true;
    made->context_.reset(llama_init_from_model(made->model_.get(), params));
    if (!made->context_ || llama_pooling_type(made->context_.get()) == LLAMA_POOLING_TYPE_NONE) {
      return core::fail(Code::unavailable, "this is no embedding model: it gives no vector for a text", path);
    }
    ggml_threadpool_params pool = ggml_threadpool_params_default(threads);
    pool.poll = 0;  // between two computations its threads sleep: the cores belong to the arbiter
    made->pool_.reset(ggml_threadpool_new(&pool));
    if (!made->pool_) return core::fail(Code::unavailable, "the system gives the embedding model no threads");
    llama_attach_threadpool(made->context_.get(), made->pool_.get(), made->pool_.get());
    return made;
  }

  explicit Network(int threads) : threads_(threads) {}

  [[nodiscard]] std::size_t dimensions() const { return static_cast<std::size_t>(llama_model_n_embd(model_.get())); }
  [[nodiscard]] std::string name() const {
    std::array<char, 128> title{};
    return llama_model_meta_val_str(model_.get(), "general.name", title.data(), title.size()) > 0 ? title.data() : "embedder";
  }

  [[nodiscard]] std::size_t limit() const { return limit_; }

  /// Thread-safe. All of the text, however long.
  [[nodiscard]] Tokens all_tokens(std::string const& text) const {
    auto const* vocabulary = llama_model_get_vocab(model_.get());
    Tokens found(text.size() + 8);
    auto const count = llama_tokenize(vocabulary, text.data(), static_cast<int>(text.size()), found.data(),
                                      static_cast<int>(found.size()), true, false);
    found.resize(static_cast<std::size_t>(std::max(count, 0)));
    return found;
  }

  /// At most what the model can read, its end mark last.
  [[nodiscard]] Tokens tokens(std::string const& text) const {
    Tokens found = all_tokens(text);
    if (found.size() > limit_) {
      auto const end = found.back();
      found.resize(limit_);
      found.back() = end;
    }
    return found;
  }

  /// One vector for each of `texts`, which fit into one step together.
  core::Result<std::vector<Vector>> compute(std::span<Tokens const> texts) {
    std::size_t total = 0;
    for (auto const& text : texts) total += text.size();
    llama_batch batch = llama_batch_init(static_cast<int>(total), 0, 1);
    for (std::size_t sequence = 0; sequence < texts.size(); ++sequence) {
      for (std::size_t i = 0; i < texts[sequence].size(); ++i) {
        int const at = batch.n_tokens++;
        batch.token[at] = texts[sequence][i];
        batch.pos[at] = static_cast<llama_pos>(i);
        batch.n_seq_id[at] = 1;
        batch.seq_id[at][0] = static_cast<llama_seq_id>(sequence);
        batch.logits[at] = 1;
      }
    }
    auto const began = core::Clock::now();
    int const threads = threads_.threads(began);
    llama_set_n_threads(context_.get(), threads, threads);
    int const status = llama_encode(context_.get(), batch);
    llama_batch_free(batch);
    auto const ended = core::Clock::now();
    threads_.took(ended - began, static_cast<double>(total), ended);
    if (status != 0) return core::fail(Code::internal, fmt::format("the embedding model failed with status {}", status));
    std::vector<Vector> vectors;
    for (std::size_t sequence = 0; sequence < texts.size(); ++sequence) {
      float const* const pooled = llama_get_embeddings_seq(context_.get(), static_cast<llama_seq_id>(sequence));
      if (pooled == nullptr) return core::fail(Code::internal, "the embedding model gave no vector");
      vectors.emplace_back(pooled, pooled + dimensions());
      make_unit(vectors.back());
    }
    return vectors;
  }

 private:
  std::unique_ptr<llama_model, ModelDeleter> model_;
  std::unique_ptr<ggml_threadpool, PoolDeleter> pool_;  // outlives the context
  std::unique_ptr<llama_context, ContextDeleter> context_;
  std::size_t limit_ = 0;  // tokens
  ThreadChoice threads_;
};

LlamaEmbedder::LlamaEmbedder(std::shared_ptr<Network> network, Arbiter& arbiter, EmbedderOptions options)
    : network_(std::move(network)),
      arbiter_(arbiter),
      options_(std::move(options)),
      waiting_(std::make_shared<std::atomic<std::size_t>>(0)) {}

LlamaEmbedder::~LlamaEmbedder() = default;

core::Result<std::shared_ptr<LlamaEmbedder>> LlamaEmbedder::load(std::filesystem::path const& model, Arbiter& arbiter,
                                                                 EmbedderOptions options) {
  auto network = Network::open(model.string(), options.threads > 0 ? options.threads : arbiter.cores());
  if (!network) return std::unexpected(network.error());
  if (options.id.empty()) options.id = (*network)->name();
  return std::shared_ptr<LlamaEmbedder>(new LlamaEmbedder(std::move(*network), arbiter, std::move(options)));
}

std::string LlamaEmbedder::identity() const { return fmt::format("{}/{}", options_.id, network_->dimensions()); }

std::size_t LlamaEmbedder::dimensions() const { return network_->dimensions(); }

std::size_t LlamaEmbedder::count_tokens(std::string const& text, language::Purpose purpose) const {
  return network_->all_tokens(prefix(purpose) + text).size();
}

std::size_t LlamaEmbedder::most_tokens() const { return network_->limit(); }

core::Job LlamaEmbedder::embed(std::vector<std::string> texts, language::Purpose purpose, core::Urgency urgency, Sink sink) {
  struct Task {
    std::shared_ptr<Network> network;
    std::shared_ptr<std::atomic<std::size_t>> waiting;
    std::vector<Tokens> texts;
    std::vector<Vector> vectors;
    Sink sink;
    Task(std::shared_ptr<Network> n, std::shared_ptr<std::atomic<std::size_t>> w, Sink s)
        : network(std::move(n)), waiting(std::move(w)), sink(std::move(s)) {}
    Task(Task const&) = delete;
    Task& operator=(Task const&) = delete;
    ~Task() { --*waiting; }
  };
  auto const before = (*waiting_)++;
  auto const task = std::make_shared<Task>(network_, waiting_, std::move(sink));
  if (before >= options_.queue) {
    return arbiter_.submit(urgency, [task](std::stop_token stop) {
      core::Error busy{Code::busy, "too many texts wait to be embedded; try again in a moment", {}, std::chrono::seconds(1)};
      if (!stop.stop_requested()) task->sink(std::unexpected(std::move(busy)));
      return Step::done;
    });
  }
  for (auto const& text : texts) task->texts.push_back(network_->tokens(prefix(purpose) + text));
  return arbiter_.submit(urgency, [task](std::stop_token stop) {
    if (stop.stop_requested()) return Step::done;
    auto const rest = std::span<Tokens const>(task->texts).subspan(task->vectors.size());
    std::size_t count = 0;
    for (std::size_t total = 0; count < std::min(rest.size(), texts_a_step); ++count) {
      total += rest[count].size();
      if (count > 0 && total > tokens_a_step) break;
    }
    if (count > 0) {
      auto vectors = task->network->compute(rest.first(count));
      if (!vectors) {
        task->sink(std::unexpected(vectors.error()));
        return Step::done;
      }
      std::ranges::move(*vectors, std::back_inserter(task->vectors));
    }
    if (task->vectors.size() < task->texts.size()) return Step::again;
    task->sink(std::move(task->vectors));
    return Step::done;
  });
}

}  // namespace parley::engine
