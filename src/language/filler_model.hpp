#pragma once
// A model that does not leave its caller in silence while a function is carried out: where it asks for one without having said
// a word, it says a sentence first, 我查一下。
#include <memory>
#include <string>

#include "language/model.hpp"

namespace parley::language {

/// Thread-safe.
class FillerModel final : public Model {
 public:
  FillerModel(std::shared_ptr<Model> inner, std::string sentence) : inner_(std::move(inner)), sentence_(std::move(sentence)) {}

  [[nodiscard]] std::string name() const override { return inner_->name(); }
  /// Once a turn: not of an answer that goes on behind the result of a function.
  [[nodiscard]] core::Job generate(GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(GenerateRequest request) override;

 private:
  std::shared_ptr<Model> inner_;
  std::string sentence_;
};

}  // namespace parley::language
