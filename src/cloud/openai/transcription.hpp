#pragma once
// A recogniser behind OpenAI's POST /audio/transcriptions: OpenAI, SiliconFlow, vLLM, whisper.cpp's server, another Parley. The
// interface knows no streams: the sound of an utterance is kept, and a transcript asked for is one recording of all of it.
#include "cloud/net/http_client.hpp"
#include "cloud/secret.hpp"
#include "speech/recogniser.hpp"

namespace parley::cloud::openai {

class Transcription final : public speech::Recogniser {
 public:
  struct Options {
    std::string service;   ///< its name in the configuration
    net::Address address;  ///< up to and without /audio/transcriptions
    Secret key;            ///< may be empty
    std::string model;
    net::HttpPatience patience;
  };

  /// `network` must live longer.
  Transcription(net::Network& network, Options options);
  ~Transcription() override;
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override;

 private:
  struct Service;
  std::shared_ptr<Service> service_;
};

/// 16 kHz signed 16-bit samples as a WAV file in memory.
[[nodiscard]] std::string wav_of(std::string_view pcm16);

/// multipart/form-data (RFC 7578) of a recording; `boundary` stands in none of the parts.
struct TranscriptionForm {
  std::string model, language, prompt;
};
[[nodiscard]] std::string multipart(TranscriptionForm const& form, std::string_view wav, std::string_view boundary);

}  // namespace parley::cloud::openai
