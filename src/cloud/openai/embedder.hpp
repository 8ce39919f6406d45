#pragma once
// An embedding model behind POST /embeddings (OpenAI, DashScope, vLLM, Ollama, Ark, another Parley), or behind Ark's
// /embeddings/multimodal, which takes one text at a time and answers with one object where the others have a list.
#include "cloud/net/http_client.hpp"
#include "cloud/secret.hpp"
#include "language/embedder.hpp"

namespace parley::cloud::openai {

class Embedder final : public language::Embedder {
 public:
  struct Options {
    std::string service;   ///< its name in the configuration
    net::Address address;  ///< up to and without /embeddings; or all of …/embeddings/multimodal
    Secret key;            ///< may be empty
    std::string model;
    int dimensions = 0;  ///< of the model's vectors
    net::HttpPatience patience;
  };

  /// `network` must live longer.
  Embedder(net::Network& network, Options options);
  ~Embedder() override;

  [[nodiscard]] std::string identity() const override;
  [[nodiscard]] std::size_t dimensions() const override;
  [[nodiscard]] core::Job embed(std::vector<std::string> texts, language::Purpose purpose, core::Urgency urgency,
                                Sink sink) override;

 private:
  struct Service;
  std::shared_ptr<Service> service_;
};

/// The vectors of an answer, in the order of their texts, each of length 1. `unavailable` says what is wrong with it.
[[nodiscard]] core::Result<std::vector<language::Vector>> read_embeddings(std::string_view body, std::size_t texts,
                                                                          std::size_t dimensions);

}  // namespace parley::cloud::openai
