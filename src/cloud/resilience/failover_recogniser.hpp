#pragma once
// Several recognisers as one: what was heard of an utterance is kept, so that the next one can be told all of it.
#include "cloud/resilience/providers.hpp"
#include "speech/recogniser.hpp"

namespace parley::cloud {

class FailoverRecogniser final : public speech::Recogniser {
 public:
  using List = Providers<speech::Recogniser const>;
  explicit FailoverRecogniser(std::vector<List::Entry> providers) : providers_(std::make_shared<List>(std::move(providers))) {}
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override;

 private:
  std::shared_ptr<List> providers_;
};

}  // namespace parley::cloud
