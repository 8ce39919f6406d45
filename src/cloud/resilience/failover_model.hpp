#pragma once
// Several language models as one: the first that is worth asking answers; when it fails the next one goes on, also in the
// middle of an answer: what was written stays, and the next is asked to continue behind it.
//
// Hedged, the next is asked as well when the first one's first piece is late by its own measure (lateness.hpp), and whichever
// writes first is listened to; the other is given up.
#include "cloud/resilience/lateness.hpp"
#include "cloud/resilience/providers.hpp"
#include "language/model.hpp"

namespace parley::cloud {

class FailoverModel final : public language::Model {
 public:
  /// Calls `then` after `time`, from any thread.
  using After = std::function<void(core::Duration time, std::function<void()> then)>;

  /// `after`: hedges; empty: nobody is asked twice.
  explicit FailoverModel(std::vector<Providers<language::Model>::Entry> providers, After after = {});

  [[nodiscard]] std::string name() const override { return (*providers_)[0].provider->name(); }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

  /// What is known of every provider's first pieces; shared with the answers on their way.
  struct Watch {
    std::mutex mutex;
    std::vector<Lateness> lateness;
  };

 private:
  std::shared_ptr<Providers<language::Model>> providers_;
  std::shared_ptr<Watch> watch_;
  After after_;
};

}  // namespace parley::cloud
