#pragma once
#include <memory>
#include <string>
#include <utility>

#include "language/model.hpp"

namespace parley::language {

/// A model that answers under one of its adapters, whatever it is asked: as a model of its own, by the adapter's name.
class AdaptedModel final : public Model {
 public:
  AdaptedModel(std::shared_ptr<Model> model, std::string adapter) : model_(std::move(model)), adapter_(std::move(adapter)) {}

  [[nodiscard]] std::string name() const override { return adapter_; }
  [[nodiscard]] core::Job generate(GenerateRequest request, Sink sink) override {
    request.adapter = adapter_;
    return model_->generate(std::move(request), std::move(sink));
  }
  [[nodiscard]] core::Job prepare(std::vector<Message> messages, core::Urgency urgency) override {
    GenerateRequest request;
    request.messages = std::move(messages);
    request.urgency = urgency;
    return read_ahead(std::move(request));
  }
  [[nodiscard]] core::Job read_ahead(GenerateRequest request) override {
    request.adapter = adapter_;
    return model_->read_ahead(std::move(request));
  }

 private:
  std::shared_ptr<Model> model_;
  std::string adapter_;
};

}  // namespace parley::language
