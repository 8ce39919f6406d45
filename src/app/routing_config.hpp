#pragma once
// `routing:` of the configuration: which language model answers what, as rules; docs/routing.md.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/prices.hpp"
#include "app/services.hpp"
#include "app/services_config.hpp"
#include "cloud/routing/routed_model.hpp"

namespace parley::app {

struct RoutingConfig {
  std::map<std::string, cloud::ModelLimits> models;  ///< of those that have any
  std::vector<cloud::RouteRule> rules;               ///< empty: nothing is routed

  /// Every model that a rule names, once.
  [[nodiscard]] std::vector<std::string> names() const;
};

/// Reads `routing:` of the document and puts its models under `use`; throws ConfigMistake.
[[nodiscard]] RoutingConfig read_routing(YAML::Node const& root, ServicesConfig& services);

/// The models of the rules as one. `local`: this machine's, where a rule names it.
[[nodiscard]] core::Result<std::shared_ptr<cloud::RoutedModel>> make_routed(RoutingConfig const& routing,
                                                                            ServicesConfig const& config, Services& services,
                                                                            Services::Model const& local, Prices const& prices);

}  // namespace parley::app
