#pragma once
// Many language models as one: each request goes to those of the first rule that fits it (rules.hpp), past those that are full
// or have cost enough today (metered_model.hpp); where one fails, also in the middle of an answer, the next goes on
// (resilience/failover_model.hpp).
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cloud/resilience/failover_model.hpp"
#include "cloud/routing/cascade_model.hpp"
#include "cloud/routing/metered_model.hpp"
#include "cloud/routing/rules.hpp"

namespace parley::cloud {

/// Thread-safe.
class RoutedModel final : public language::Model {
 public:
  struct Entry {
    std::shared_ptr<language::Model> model;
    ModelLimits limits = {};
    TokenPrice price = {};
  };
  /// `invalid` when a rule names a model that is not there. `day`: see Meter; empty: the system's.
  [[nodiscard]] static core::Result<std::shared_ptr<RoutedModel>> make(std::map<std::string, Entry> const& models,
                                                                       std::vector<RouteRule> rules, Meter::Day day = {});

  [[nodiscard]] std::string name() const override { return "routed"; }
  /// `busy` when no rule fits (`not_found`) or all of its models have cost enough today.
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

  /// Prometheus text: requests of each rule, what became of cascades, requests and cost of each model.
  [[nodiscard]] std::string metrics() const;

 private:
  struct Metered {
    std::shared_ptr<Meter> meter;
    std::shared_ptr<language::Model> model;
  };
  struct Rule {
    RouteRule rule;
    std::atomic<std::uint64_t> asked = 0;
    std::map<std::vector<std::string>, std::shared_ptr<language::Model>> made;  ///< by the names in their order
    std::vector<std::shared_ptr<CascadeModel const>> cascades;
  };
  RoutedModel() = default;
  [[nodiscard]] core::Result<std::shared_ptr<language::Model>> choose(language::GenerateRequest const& request, bool counted);
  [[nodiscard]] std::vector<std::string> in_order(RouteRule const& rule, language::GenerateRequest const& request,
                                                  std::size_t characters) const;
  [[nodiscard]] std::shared_ptr<language::Model> failover(std::vector<std::string> const& names) const;
  [[nodiscard]] std::shared_ptr<language::Model> make_for(Rule& rule, std::vector<std::string> const& names) const;

  std::map<std::string, Metered> models_;
  std::vector<std::unique_ptr<Rule>> rules_;
  mutable std::mutex mutex_;  ///< guards what rules have made
};

}  // namespace parley::cloud
