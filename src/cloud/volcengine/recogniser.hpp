#pragma once
// Volcengine's streaming recognition as a Recogniser.
//
// An utterance is one stream to the service, opened when somebody begins to talk, so that connecting is over before it matters.
// A transcript is asked for at a pause: the stream is ended there (its last packet is flagged), which makes the service give
// its final result at once. If the speaker goes on, what follows is a second stream, and the transcript is both one after the
// other. A stream that breaks is opened anew and told everything again, once: nothing was heard of it by anybody else.
#include <chrono>

#include "cloud/net/network.hpp"
#include "cloud/volcengine/account.hpp"
#include "speech/recogniser.hpp"

namespace parley::cloud::volcengine {

class Recogniser final : public speech::Recogniser {
 public:
  struct Options {
    std::string service;   ///< its name in the configuration, for messages
    net::Address address;  ///< wss://…/api/v3/sauc/bigmodel_async, …/bigmodel or …/bigmodel_nostream
    Account account;
    std::string resource = "volc.seedasr.sauc.duration";
    std::string boosting_table;
    bool gzip = false;
    std::chrono::milliseconds open_within{5'000};
    std::chrono::milliseconds final_within{5'000};  ///< from the transcript being asked for
  };

  /// `network` must live longer.
  Recogniser(net::Network& network, Options options);
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override;

 private:
  net::Network& network_;
  std::shared_ptr<Options const> options_;
};

}  // namespace parley::cloud::volcengine
