#include "app/booked_engines.hpp"

#include "language/model_around.hpp"

namespace parley::app {
namespace {

class BookedRecogniser final : public speech::Recogniser {
 public:
  BookedRecogniser(std::shared_ptr<speech::Recogniser const> inner, Caller caller)
      : inner_(std::move(inner)), caller_(std::move(caller)) {}
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override {
    options.ledger = caller_.ledger;
    options.client = caller_.client;
    return inner_->open(std::move(options), std::move(sink));
  }

 private:
  std::shared_ptr<speech::Recogniser const> inner_;
  Caller caller_;
};

class BookedModel final : public language::ModelAround {
 public:
  BookedModel(std::shared_ptr<language::Model> inner, Caller caller)
      : ModelAround(std::move(inner)), caller_(std::move(caller)) {}
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override {
    request.ledger = caller_.ledger;
    request.client = caller_.client;
    return inner_->generate(std::move(request), std::move(sink));
  }
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override {
    request.client = caller_.client;
    return inner_->read_ahead(std::move(request));
  }

 private:
  Caller caller_;
};

class BookedSynthesiser final : public speech::Synthesiser {
 public:
  BookedSynthesiser(std::shared_ptr<speech::Synthesiser const> inner, Caller caller)
      : inner_(std::move(inner)), caller_(std::move(caller)) {}
  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override { return inner_->voices(); }
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override { return inner_->check(voice); }
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    request.ledger = caller_.ledger;
    return inner_->speak(std::move(request), std::move(sink));
  }

 private:
  std::shared_ptr<speech::Synthesiser const> inner_;
  Caller caller_;
};

}  // namespace

conversation::Engines booked(conversation::Engines engines, Caller const& caller) {
  if (engines.recogniser) engines.recogniser = std::make_shared<BookedRecogniser const>(engines.recogniser, caller);
  if (engines.model) engines.model = std::make_shared<BookedModel>(engines.model, caller);
  if (engines.synthesiser) engines.synthesiser = std::make_shared<BookedSynthesiser const>(engines.synthesiser, caller);
  return engines;
}

}  // namespace parley::app
