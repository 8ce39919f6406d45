#pragma once
// A BERT model in a GGUF file as an embedder: multilingual-e5-small and its like. Texts are read together, some 192 tokens a
// step of the arbiter, so that a call beside a large indexing run keeps its answers.
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/arbiter.hpp"
#include "language/embedder.hpp"

namespace parley::engine {

struct EmbedderOptions {
  std::string id;  ///< the catalog's; part of the identity. Empty: the file's own name
  std::string query_prefix = "query: ";
  std::string passage_prefix = "passage: ";
  int threads = 0;         ///< 0: all of the arbiter's
  std::size_t queue = 64;  ///< more requests at once than these are refused as busy
};

/// Thread-safe. The arbiter must outlive it.
class LlamaEmbedder final : public language::Embedder {
 public:
  /// unavailable: the file is not there, is damaged, or is no embedding model.
  [[nodiscard]] static core::Result<std::shared_ptr<LlamaEmbedder>> load(std::filesystem::path const& model, Arbiter& arbiter,
                                                                         EmbedderOptions options);
  ~LlamaEmbedder() override;

  [[nodiscard]] std::string identity() const override;
  [[nodiscard]] std::size_t dimensions() const override;
  [[nodiscard]] std::size_t count_tokens(std::string const& text, language::Purpose purpose) const override;
  [[nodiscard]] std::size_t most_tokens() const override;
  [[nodiscard]] core::Job embed(std::vector<std::string> texts, language::Purpose purpose, core::Urgency urgency,
                                Sink sink) override;

 private:
  class Network;
  LlamaEmbedder(std::shared_ptr<Network> network, Arbiter& arbiter, EmbedderOptions options);

  [[nodiscard]] std::string const& prefix(language::Purpose purpose) const {
    return purpose == language::Purpose::query ? options_.query_prefix : options_.passage_prefix;
  }

  std::shared_ptr<Network> network_;  // shared with the work that waits at the arbiter
  Arbiter& arbiter_;
  EmbedderOptions options_;
  std::shared_ptr<std::atomic<std::size_t>> waiting_;
};

}  // namespace parley::engine
