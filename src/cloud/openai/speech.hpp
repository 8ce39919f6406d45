#pragma once
// A synthesiser behind OpenAI's POST /audio/speech: OpenAI, vLLM, LocalAI, another Parley. Sound is asked for as plain samples
// (`pcm`: signed 16 bit, 24 kHz, mono) and leaves as it comes.
#include "cloud/net/http_client.hpp"
#include "cloud/secret.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::openai {

class Speech final : public speech::Synthesiser {
 public:
  struct Options {
    std::string service;   ///< its name in the configuration; voices are "service:voice"
    net::Address address;  ///< up to and without /audio/speech
    Secret key;            ///< may be empty
    std::string model;
    std::string style;  ///< `instructions`: how to say it; empty: not sent
    std::vector<speech::VoiceInfo> voices;
    net::HttpPatience patience;
  };

  /// `network` must live longer.
  Speech(net::Network& network, Options options);

  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override { return options_.voices; }
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;

 private:
  Options options_;
  mutable net::HttpClient http_;  // thread-safe
};

}  // namespace parley::cloud::openai
