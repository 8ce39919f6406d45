#pragma once
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "engine/ggml/llama.hpp"
#include "engine/ggml/llama_adapters.hpp"
#include "engine/ggml/llama_request.hpp"
#include "engine/ggml/llama_weights.hpp"
#include "engine/ggml/parked_sequences.hpp"
#include "engine/ggml/sequence_cache.hpp"
#include "engine/ggml/thread_choice.hpp"

struct llama_context;
struct ggml_threadpool;

namespace parley::engine {

/// The model's memory and one step of computing in it. On one thread at a time: the arbiter's.
class LlamaContext {
 public:
  static constexpr int batch_limit = 128;  ///< tokens computed at once
  static constexpr int most_written = 12;  ///< tokens of a step that writes, foretold ones and all: more cost their full price
  /// ggml's flash attention on a processor computes token by token below 64 of them: reading 24 behind 512 others took 279 ms
  /// with it and 144 without, writing one behind 3000 took 72 and 39. On a graphics card it is the faster one.
  [[nodiscard]] static bool flash_attention();
  /// Tokens of a step whose scores may be asked for; room for those of a whole batch would be a sixth of a gigabyte.
  [[nodiscard]] static int outputs(LlamaOptions const& options) { return options.sequences + most_written; }

  [[nodiscard]] static core::Result<std::unique_ptr<LlamaContext>> open(std::shared_ptr<LlamaWeights const> weights,
                                                                        LlamaAdapters adapters, LlamaOptions const& options,
                                                                        int cores);
  ~LlamaContext();
  LlamaContext(LlamaContext const&) = delete;
  LlamaContext& operator=(LlamaContext const&) = delete;

  /// Gives the request a sequence with as much of its beginning as is known. False when all sequences are in use.
  [[nodiscard]] bool admit(LlamaRequest& request);
  /// Tokens at the beginning of its prompt that need not be read, as things are.
  [[nodiscard]] std::size_t known(LlamaRequest const& request) const;
  /// Takes the sequence back; what has been read stays for others.
  void release(LlamaRequest& request);

  /// What a step reads of one request, and where its next token can be drawn.
  struct Part {
    LlamaRequest* request = nullptr;
    std::size_t count = 0;
    int row = -1;                          ///< of the outputs; −1: the prompt is not at its end yet
    std::vector<std::int32_t> draft = {};  ///< foretold and read behind it, a row each
  };
  /// How long a step may take that reads prompts.
  enum class Pace {
    in_call,      ///< somebody waits for an answer's first sound: his own step may be long
    beside_call,  ///< somebody is on the telephone and must not wait for this one
    in_company,   ///< nobody is, but others want text and must not wait long for their first token
    undisturbed,  ///< nobody else comes, or so many wait that what all get done counts for more than how soon one begins
  };

  /// One token for each request that is writing and a bounded piece of the prompts of those that are not, the shortest first,
  /// then computes. All under the same adapter. Empty when the model could not compute: then nothing the requests have in
  /// memory can be relied on, and it has been forgotten.
  [[nodiscard]] std::vector<Part> compute(std::span<LlamaRequest* const> requests, Pace pace);
  /// The next token, and those behind it that were drawn as foretold with the one that was not; they obey the request's
  /// grammar. A `token` is the end of the text when nothing else is allowed. Once for a part.
  [[nodiscard]] std::vector<DrawnToken> draw(Part const& part);

  [[nodiscard]] LlamaAdapters const& adapters() const noexcept { return adapters_; }

 private:
  LlamaContext(std::shared_ptr<LlamaWeights const> weights, LlamaAdapters adapters, LlamaOptions const& options,
               llama_context* context, ggml_threadpool* pool, int cores);
  struct Batch;
  [[nodiscard]] std::size_t prefill_size(Pace pace) const;
  void read_took(Pace pace, std::size_t tokens, std::chrono::nanoseconds time);
  [[nodiscard]] std::vector<Part> collect(std::span<LlamaRequest* const> requests, Pace pace);
  [[nodiscard]] Part put(LlamaRequest& request, std::size_t count);
  [[nodiscard]] bool bring_back(LlamaRequest& request, std::size_t most);
  void put_beside(int sequence);
  void foretell(Part& part, std::size_t writers);
  [[nodiscard]] int decode();

  std::shared_ptr<LlamaWeights const> weights_;
  LlamaAdapters adapters_;
  LlamaOptions options_;
  llama_context* context_;
  ggml_threadpool* pool_;
  std::unique_ptr<Batch> batch_;
  SequenceCache cache_;
  ParkedSequences parked_;
  ThreadChoice writing_threads_, reading_threads_;  ///< not asked when their number is fixed
  std::array<double, 4> prefill_{16, 16, 32, 128};  ///< prompt tokens that fit into a step, as far as is known; by pace
  bool passed_over_ = false;                        ///< who has waited longest read nothing in the step before
  bool can_cut_ = true;                             ///< memories of recurrent models cannot give back a tail
};

}  // namespace parley::engine
