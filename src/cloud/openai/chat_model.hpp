#pragma once
// A language model behind an OpenAI-compatible service: Volcengine's Ark, DeepSeek, DashScope, vLLM, SGLang, Ollama, another
// Parley.
#include "cloud/net/http_client.hpp"
#include "cloud/openai/chat_codec.hpp"
#include "cloud/secret.hpp"
#include "language/model.hpp"

namespace parley::cloud::openai {

class ChatModel final : public language::Model {
 public:
  struct Options {
    std::string service;   ///< its name in the configuration, for messages
    net::Address address;  ///< up to and without /chat/completions
    Secret key;            ///< may be empty
    ChatSettings chat;
    net::HttpPatience patience;
  };

  /// `network` must live longer.
  ChatModel(net::Network& network, Options options);

  [[nodiscard]] std::string name() const override { return options_.chat.model; }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  /// Nothing can be read ahead there; the service keeps beginnings of its own.
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] net::HttpClient::Counts connections() const { return http_.counts(); }

 private:
  Options options_;
  net::HttpClient http_;
};

}  // namespace parley::cloud::openai
