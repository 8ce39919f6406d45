#pragma once
// A small model first; a large one when the small one is unsure. The beginning of the small one's answer is held back until
// enough of its tokens are there to be judged by their mean log-probability (as FrugalGPT has it, with the model's own
// confidence as the judge): nobody hears a word that is taken back.
#include <atomic>
#include <memory>

#include "language/model.hpp"

namespace parley::cloud {

struct CascadeCounts {
  std::atomic<std::uint64_t> sure = 0, unsure = 0, failed = 0, unscored = 0;
};

/// Thread-safe.
class CascadeModel final : public language::Model {
 public:
  /// See CascadeRule for `least_logprob` and `tokens`. A small model that tells no probabilities is taken as it comes.
  CascadeModel(std::shared_ptr<language::Model> small, std::shared_ptr<language::Model> large, double least_logprob,
               int tokens);

  [[nodiscard]] std::string name() const override { return small_->name(); }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  /// The small one reads: it is asked first.
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

  [[nodiscard]] CascadeCounts const& counts() const { return *counts_; }

 private:
  std::shared_ptr<language::Model> small_, large_;
  double least_logprob_;
  int tokens_;
  std::shared_ptr<CascadeCounts> counts_ = std::make_shared<CascadeCounts>();
};

}  // namespace parley::cloud
