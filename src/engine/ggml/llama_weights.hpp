#pragma once
// A GGUF model's weights, its vocabulary and its chat template.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "language/message.hpp"

struct llama_model;
struct llama_vocab;

namespace parley::engine {

/// Whether a GGUF file's own table of contents fits the file: magic, version, keys, and every tensor inside its bounds. Changed
/// weights are not seen here; that is what the catalog's SHA-256 is for.
[[nodiscard]] core::Result<void> check_gguf_file(std::string const& path);

/// Immutable after loading; thread-safe.
class LlamaWeights {
 public:
  using Tokens = std::vector<std::int32_t>;
  /// What comes after the last message: the mark that ends it and the head of an answer, that mark alone, or nothing.
  enum class Ending { answer, closed, open };

  [[nodiscard]] static core::Result<std::shared_ptr<LlamaWeights const>> load(std::string const& path);
  ~LlamaWeights();
  LlamaWeights(LlamaWeights const&) = delete;
  LlamaWeights& operator=(LlamaWeights const&) = delete;

  [[nodiscard]] llama_model* model() const noexcept { return model_; }
  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  [[nodiscard]] int trained_context() const;
  [[nodiscard]] int vocabulary() const;

  /// The conversation in the model's own template. What a message says can never become a control token, so nobody talks his
  /// way out of his turn by writing "<|im_end|>".
  [[nodiscard]] core::Result<Tokens> chat(std::span<language::Message const> messages, Ending ending) const;

  /// A text as it stands, to be continued; what it says never becomes a control token.
  [[nodiscard]] Tokens plain(std::string_view text) const;

  [[nodiscard]] bool ends_generation(std::int32_t token) const;
  [[nodiscard]] std::string bytes_of(std::int32_t token) const;

 private:
  LlamaWeights(llama_model* model, std::string name);
  void tokenise(std::string_view text, bool special, Tokens& out) const;

  llama_model* model_;
  llama_vocab const* vocab_;
  std::string name_;
  std::string template_;
};

}  // namespace parley::engine
