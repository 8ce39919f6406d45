#include "app/booked_engines.hpp"

namespace parley::app {
namespace {

using Book = std::shared_ptr<core::Ledger>;

class BookedRecogniser final : public speech::Recogniser {
 public:
  BookedRecogniser(std::shared_ptr<speech::Recogniser const> inner, Book ledger)
      : inner_(std::move(inner)), ledger_(std::move(ledger)) {}
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override {
    options.ledger = ledger_;
    return inner_->open(std::move(options), std::move(sink));
  }

 private:
  std::shared_ptr<speech::Recogniser const> inner_;
  Book ledger_;
};

class BookedModel final : public language::Model {
 public:
  BookedModel(std::shared_ptr<language::Model> inner, Book ledger) : inner_(std::move(inner)), ledger_(std::move(ledger)) {}
  [[nodiscard]] std::string name() const override { return inner_->name(); }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override {
    request.ledger = ledger_;
    return inner_->generate(std::move(request), std::move(sink));
  }
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override {
    return inner_->prepare(std::move(messages), urgency);
  }
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override {
    return inner_->read_ahead(std::move(request));
  }

 private:
  std::shared_ptr<language::Model> inner_;
  Book ledger_;
};

class BookedSynthesiser final : public speech::Synthesiser {
 public:
  BookedSynthesiser(std::shared_ptr<speech::Synthesiser const> inner, Book ledger)
      : inner_(std::move(inner)), ledger_(std::move(ledger)) {}
  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override { return inner_->voices(); }
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override { return inner_->check(voice); }
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    request.ledger = ledger_;
    return inner_->speak(std::move(request), std::move(sink));
  }

 private:
  std::shared_ptr<speech::Synthesiser const> inner_;
  Book ledger_;
};

}  // namespace

conversation::Engines booked(conversation::Engines engines, std::shared_ptr<core::Ledger> ledger) {
  if (engines.recogniser) engines.recogniser = std::make_shared<BookedRecogniser const>(engines.recogniser, ledger);
  if (engines.model) engines.model = std::make_shared<BookedModel>(engines.model, ledger);
  if (engines.synthesiser) engines.synthesiser = std::make_shared<BookedSynthesiser const>(engines.synthesiser, ledger);
  return engines;
}

}  // namespace parley::app
