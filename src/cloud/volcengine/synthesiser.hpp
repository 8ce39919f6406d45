#pragma once
// Volcengine's synthesis as a Synthesiser: one session a clause, on connections that are opened once, kept warm and used again
// where the dialect has it so (the documents promise one session at a time on each). Sound leaves as it comes. The address says
// which dialect it is: bidirectional WebSocket, unidirectional WebSocket or HTTP, or the first version (dialect.hpp).
//
// What is cancelled before its text was sent is cancelled there (event 101); afterwards the service no longer takes that, so
// what is left of the clause is let run dry and thrown away, and the connection closed only when that takes too long.
#include <chrono>

#include "cloud/net/network.hpp"
#include "cloud/volcengine/account.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::volcengine {

class Carrier;

class Synthesiser final : public speech::Synthesiser {
 public:
  struct Options {
    std::string service;   ///< its name in the configuration; voices are "service:speaker"
    net::Address address;  ///< wss://…/api/v3/tts/bidirection and the others of dialect.hpp
    Account account;
    std::string resource;  ///< empty: told from the voice's name
    std::string model, style;
    int pitch = 0, loudness = 0;
    std::vector<speech::VoiceInfo> voices;  ///< those to list; others may be used too
    int connections = 10;                   ///< at most, for each resource
    std::chrono::milliseconds open_within{5'000};
    std::chrono::milliseconds first_sound_within{5'000};
    std::chrono::milliseconds between{5'000};
    std::chrono::milliseconds idle_for{18'000};  ///< the service hangs up somewhere between 10 and 30 s
    std::chrono::minutes warm_for{2};            ///< behind the last clause, a connection is held ready
  };
  struct Counts {
    std::uint64_t opened = 0, sessions = 0, cancelled = 0;
  };

  /// `network` must live longer.
  Synthesiser(net::Network& network, Options options);
  ~Synthesiser() override;

  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override;
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;
  /// Opens a connection for this voice now, so that the first clause finds it.
  void warm(std::string const& voice) const;
  [[nodiscard]] Counts counts() const;

 private:
  std::shared_ptr<Carrier> carrier_;
};

}  // namespace parley::cloud::volcengine
