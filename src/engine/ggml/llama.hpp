#pragma once
// A local language model (llama.cpp): one scheduler for all calls.
//
// One step of the arbiter is one llama_decode: a token for every answer that is being written and a piece of every prompt that
// is being read, of the most urgent requests only; the others wait, as they would for any other more urgent work. Beginnings
// that were read once are kept and shared (sequence_cache.hpp).
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/arbiter.hpp"
#include "language/model.hpp"

namespace parley::engine {

class LlamaScheduler;
struct LlamaRequest;
class LlamaWeights;

/// A LoRA file in GGUF and how much of it is added. The same file at two scales is two adapters.
struct LlamaAdapter {
  std::string name;
  std::filesystem::path file;
  float scale = 1;
};

struct LlamaOptions {
  int context_tokens = 4096;  ///< prompt and answer of one request
  int sequences = 8;          ///< answers written at the same time
  int kept = 8;               ///< beginnings kept beside them
  int total_tokens = 16384;   ///< memory for all of them together (12 KiB a token with the 0.5B model)
  int idle_tokens = 128;      ///< of idle beginnings that stay where every step looks at them (parked_sequences.hpp)
  std::size_t queue = 64;     ///< requests that may wait
  int prefill = 0;            ///< prompt tokens a step; 0: what fits into 150 ms (75 beside a call), measured as it goes
  int threads = 0;     ///< 0: the arbiter's cores, fewer while other programs crowd them. Sums are formed in another order
                       ///< with another number, so equal seeds give equal answers for certain only with a fixed one
  bool lookup = true;  ///< foretell what the text itself foretells (lookup_draft.hpp)
  std::vector<LlamaAdapter> adapters = {};  ///< that requests may name
};

class Llama final : public language::Model {
 public:
  /// `arbiter` outlives the model and all its jobs. Errors: `unavailable` when the file is missing, cut short, damaged or not a
  /// chat model, or an adapter is or does not fit it, with what to do about it.
  [[nodiscard]] static core::Result<std::shared_ptr<Llama>> load(std::filesystem::path const& model, Arbiter& arbiter,
                                                                 LlamaOptions options = {});
  ~Llama() override;

  [[nodiscard]] std::string name() const override;

  /// Everything is told to the sink, from the arbiter's thread, never from inside this call; a cancelled request is told
  /// nothing more. A conversation that is too long loses its oldest turns, never its system message or its last turn. Errors:
  /// `busy` with `retry_after` when the queue is full, `too_large` when what may not be left out does not fit, `invalid` for no
  /// messages or an impossible JSON schema, `not_found` for an adapter that is not there. Reaching `max_tokens` or the end of
  /// the context finishes with `length`.
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;

  /// What was read stays, also when the job is dropped half-way. Does nothing when the queue is full.
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

 private:
  explicit Llama(std::shared_ptr<LlamaScheduler> scheduler);
  [[nodiscard]] core::Result<std::unique_ptr<LlamaRequest>> understand(language::GenerateRequest& asked) const;
  [[nodiscard]] core::Job read(std::vector<language::Message> messages, std::string const& adapter, core::Urgency urgency);
  std::shared_ptr<LlamaScheduler> scheduler_;
};

}  // namespace parley::engine
