#pragma once
// Several language models as one: the first that is worth asking answers; when it fails the next one goes on, also in the
// middle of an answer: what was written stays, and the next is asked to continue behind it.
#include "cloud/resilience/providers.hpp"
#include "language/model.hpp"

namespace parley::cloud {

class FailoverModel final : public language::Model {
 public:
  explicit FailoverModel(std::vector<Providers<language::Model>::Entry> providers)
      : providers_(std::make_shared<Providers<language::Model>>(std::move(providers))) {}

  [[nodiscard]] std::string name() const override { return (*providers_)[0].provider->name(); }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;

 private:
  std::shared_ptr<Providers<language::Model>> providers_;
};

}  // namespace parley::cloud
