#include "app/routing_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>

#include "core/suggest.hpp"

namespace parley::app {
namespace {

using Names = std::vector<std::string>;

[[noreturn]] void complain(YAML::Node const& node, std::string sentence) {
  throw ConfigMistake{node.Mark().line + 1, std::move(sentence)};
}

void only(YAML::Node const& map, std::string const& where, Names const& keys) {
  if (!map.IsMap()) complain(map, where + " must hold keys and values");
  for (auto const& entry : map) {
    auto const key = entry.first.as<std::string>();
    if (std::ranges::find(keys, key) != keys.end()) continue;
    auto const near = core::suggest(key, keys);
    complain(entry.first, fmt::format("{} has no key '{}'; {}", where, key,
                                      near.empty() ? fmt::format("it may have {}", fmt::join(keys, ", "))
                                                   : fmt::format("did you mean '{}'?", near)));
  }
}

/// One or a list; of `known`, unless that is empty.
Names names(YAML::Node const& node, Names const& known = {}) {
  if (!node) return {};
  Names all;
  auto const take = [&](YAML::Node const& one) {
    if (!one.IsScalar()) complain(one, "this must be a name or a list of names");
    all.push_back(one.as<std::string>());
    if (!known.empty() && std::ranges::find(known, all.back()) == known.end()) {
      complain(one, fmt::format("'{}' is none of {}", all.back(), fmt::join(known, ", ")));
    }
  };
  if (node.IsSequence()) {
    for (auto const& one : node) take(one);
  } else {
    take(node);
  }
  return all;
}

template <class T>
void number(YAML::Node const& node, T low, T high, T& out) {
  if (!node) return;
  if (!YAML::convert<T>::decode(node, out) || !(out >= low && out <= high)) {
    complain(node, fmt::format("this must be a number from {} to {}", low, high));
  }
}

cloud::RouteRule read_rule(YAML::Node const& node) {
  only(node, "a rule", {"when", "use", "prefer", "cascade"});
  cloud::RouteRule rule;
  if (auto const when = node["when"]) {
    only(when, "'when'", {"task", "language", "key", "at_least", "at_most"});
    rule.tasks = names(when["task"], {"call", "chat", "code", "json", "tools"});
    rule.languages = names(when["language"], {"zh", "en"});
    rule.clients = names(when["key"]);
    constexpr std::size_t most = 100'000'000;
    number<std::size_t>(when["at_least"], 0, most, rule.at_least);
    number<std::size_t>(when["at_most"], 0, most, rule.at_most);
  }
  rule.use = names(node["use"]);
  if (rule.use.empty()) complain(node, "a rule must say which models to use");
  if (node["prefer"]) {
    Names const ways{"order", "cheapest", "least_busy"};
    auto const way = names(node["prefer"], ways).front();
    rule.prefer = static_cast<cloud::Prefer>(std::ranges::find(ways, way) - ways.begin());
  }
  if (auto const cascade = node["cascade"]) {
    only(cascade, "'cascade'", {"small", "least_logprob", "tokens"});
    auto const small = names(cascade["small"]);
    if (small.size() != 1) complain(cascade, "a cascade needs one small model");
    rule.cascade = cloud::CascadeRule{.small = small.front()};
    number(cascade["least_logprob"], -20.0, 0.0, rule.cascade->least_logprob);
    number(cascade["tokens"], 1, 200, rule.cascade->tokens);
  }
  return rule;
}

}  // namespace

Names RoutingConfig::names() const {
  Names all;
  auto const add = [&all](std::string const& name) {
    if (std::ranges::find(all, name) == all.end()) all.push_back(name);
  };
  for (auto const& rule : rules) {
    if (rule.cascade) add(rule.cascade->small);
    std::ranges::for_each(rule.use, add);
  }
  return all;
}

RoutingConfig read_routing(YAML::Node const& root, ServicesConfig& services) {
  RoutingConfig routing;
  auto const node = root["routing"];
  if (!node) return routing;
  only(node, "'routing'", {"models", "rules"});
  if (!services.use.model.empty()) complain(node, "either `routing` or `use: model` says who answers, not both");
  auto const rules = node["rules"];
  if (!rules || !rules.IsSequence() || rules.size() == 0) complain(node, "'routing' needs a list of rules");
  for (auto const& rule : rules) routing.rules.push_back(read_rule(rule));
  for (auto const& name : routing.names()) {
    auto const service = services.services.find(name);
    bool const there = name == "local" || (service != services.services.end() && service->second.kind == "chat");
    if (!there) complain(rules, fmt::format("there is no service '{}' of kind chat under 'services'", name));
  }
  if (auto const models = node["models"]) {
    only(models, "'models' of 'routing'", routing.names());
    for (auto const& entry : models) {
      only(entry.second, "the limits of a model", {"at_once", "daily_cost"});
      auto& limits = routing.models[entry.first.as<std::string>()];
      number(entry.second["at_once"], 1, 100'000, limits.at_once);
      number(entry.second["daily_cost"], 0.0, 1e9, limits.daily_cost);
    }
  }
  services.use.model = routing.names();
  return routing;
}

core::Result<std::shared_ptr<cloud::RoutedModel>> make_routed(RoutingConfig const& routing, ServicesConfig const& config,
                                                              Services& services, Services::Model const& local,
                                                              Prices const& prices) {
  std::map<std::string, cloud::RoutedModel::Entry> models;
  for (auto const& name : routing.names()) {
    auto model = services.model({name}, local);
    if (!model) return std::unexpected(model.error());
    auto& entry = models[name];
    entry.model = *std::move(model);
    auto const limits = routing.models.find(name);
    if (limits != routing.models.end()) entry.limits = limits->second;
    auto const service = config.services.find(name);
    auto const* const price = service == config.services.end() ? nullptr : prices.of(service->second.model, today());
    if (price != nullptr) entry.price = {price->prompt, price->cached, price->completion};
    if (entry.limits.daily_cost > 0 && price == nullptr) {
      return core::fail(core::Code::invalid,
                        "a daily cost needs a price: write the model's into the file of prices, or leave the limit out", name);
    }
  }
  return cloud::RoutedModel::make(models, routing.rules);
}

}  // namespace parley::app
