#pragma once
// A language model that stands around another one and does a thing of its own to what goes in or comes out; whatever it does
// not override goes through as it is.
#include <memory>

#include "language/model.hpp"

namespace parley::language {

class ModelAround : public Model {
 public:
  explicit ModelAround(std::shared_ptr<Model> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] std::string name() const override { return inner_->name(); }
  [[nodiscard]] core::Job generate(GenerateRequest request, Sink sink) override {
    return inner_->generate(std::move(request), std::move(sink));
  }
  [[nodiscard]] core::Job prepare(std::vector<Message> messages, core::Urgency urgency) override {
    return inner_->prepare(std::move(messages), urgency);
  }
  [[nodiscard]] core::Job read_ahead(GenerateRequest request) override { return inner_->read_ahead(std::move(request)); }

 protected:
  std::shared_ptr<Model> inner_;
};

}  // namespace parley::language
