#pragma once
// A language model that does not fall silent: when nobody can answer, it says so, in the language of whoever asked. For spoken
// calls, where an error that nobody hears is a line that went dead.
#include "language/model.hpp"

namespace parley::cloud {

class ApologeticModel final : public language::Model {
 public:
  explicit ApologeticModel(std::shared_ptr<language::Model> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] std::string name() const override { return inner_->name(); }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override {
    return inner_->prepare(std::move(messages), urgency);
  }
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override {
    return inner_->read_ahead(std::move(request));
  }

 private:
  std::shared_ptr<language::Model> inner_;
};

}  // namespace parley::cloud
