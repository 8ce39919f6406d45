#include "cloud/routing/routed_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace parley::cloud {
namespace {

std::int64_t system_day() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()).time_since_epoch().count();
}

std::chrono::milliseconds until_tomorrow() {
  auto const now = std::chrono::system_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::ceil<std::chrono::days>(now) - now);
}

}  // namespace

core::Result<std::shared_ptr<RoutedModel>> RoutedModel::make(std::map<std::string, Entry> const& models,
                                                             std::vector<RouteRule> rules, Meter::Day day) {
  std::shared_ptr<RoutedModel> routed(new RoutedModel());
  if (!day) day = system_day;
  for (auto const& [name, entry] : models) {
    auto meter = std::make_shared<Meter>(entry.limits, entry.price, day);
    routed->models_[name] = {meter, std::make_shared<MeteredModel>(entry.model, meter)};
  }
  for (auto& rule : rules) {
    auto names = rule.use;
    if (rule.cascade) names.push_back(rule.cascade->small);
    for (auto const& name : names) {
      if (!models.contains(name)) return core::fail(core::Code::invalid, "a rule names a model that is not there", name);
    }
    routed->rules_.push_back(std::make_unique<Rule>());
    routed->rules_.back()->rule = std::move(rule);
  }
  return routed;
}

/// Past those that are full or have cost enough; those that are only full, when there are no others. Empty: all have cost
/// enough.
std::vector<std::string> RoutedModel::in_order(RouteRule const& rule, language::GenerateRequest const& request,
                                               std::size_t characters) const {
  std::vector<std::string> names, full;
  for (auto const& name : rule.use) {
    auto const& meter = *models_.at(name).meter;
    if (meter.spent()) continue;
    (meter.full() ? full : names).push_back(name);
  }
  if (names.empty()) names = std::move(full);
  if (rule.prefer == Prefer::least_busy) {
    std::ranges::stable_sort(names, {}, [&](auto const& name) { return models_.at(name).meter->running(); });
  } else if (rule.prefer == Prefer::cheapest) {
    language::Usage const expected{.prompt_tokens = static_cast<int>((characters + 1) / 2),
                                   .completion_tokens = request.sampling.max_tokens};
    std::ranges::stable_sort(names, {}, [&](auto const& name) { return models_.at(name).meter->cost_of(expected); });
  }
  return names;
}

std::shared_ptr<language::Model> RoutedModel::failover(std::vector<std::string> const& names) const {
  std::vector<Providers<language::Model>::Entry> providers;
  for (auto const& name : names) providers.push_back({name, models_.at(name).model});
  return std::make_shared<FailoverModel>(std::move(providers));
}

/// Under the lock. The same names are the same model: it remembers who has failed.
std::shared_ptr<language::Model> RoutedModel::make_for(Rule& rule, std::vector<std::string> const& names) const {
  auto& made = rule.made[names];
  if (made) return made;
  auto const& cascade = rule.rule.cascade;
  if (!cascade) return made = failover(names);
  std::vector<std::string> const large(names.begin() + 1, names.end());
  if (names.front() != cascade->small || large.empty()) return made = failover(names);  // one of the two is not to be asked
  auto model = std::make_shared<CascadeModel>(failover(names), failover(large), cascade->least_logprob, cascade->tokens);
  rule.cascades.push_back(model);
  return made = model;
}

core::Result<std::shared_ptr<language::Model>> RoutedModel::choose(language::GenerateRequest const& request, bool counted) {
  auto const asked = look_at(request);
  auto const found = std::ranges::find_if(rules_, [&](auto const& rule) { return rule->rule.fits(asked); });
  if (found == rules_.end()) {
    return core::fail(core::Code::not_found, "no rule of `routing` fits this request; end the rules with one without `when`",
                      "routing");
  }
  auto& rule = **found;
  auto names = in_order(rule.rule, request, asked.characters);
  if (auto const& cascade = rule.rule.cascade) {
    auto const& meter = *models_.at(cascade->small).meter;
    std::erase(names, cascade->small);  // it is asked first, not again
    if (!meter.spent() && (!meter.full() || names.empty())) names.insert(names.begin(), cascade->small);
  }
  if (names.empty()) {
    return std::unexpected(core::Error{core::Code::busy, "the models for this request have cost as much today as they may",
                                       "routing", until_tomorrow()});
  }
  if (counted) ++rule.asked;
  std::lock_guard const lock(mutex_);
  return make_for(rule, names);
}

core::Job RoutedModel::generate(language::GenerateRequest request, Sink sink) {
  auto const chosen = choose(request, true);
  if (!chosen) {
    sink(chosen.error());
    return {};
  }
  return (*chosen)->generate(std::move(request), std::move(sink));
}

core::Job RoutedModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  language::GenerateRequest request;
  request.messages = std::move(messages);
  request.urgency = urgency;
  return read_ahead(std::move(request));
}

core::Job RoutedModel::read_ahead(language::GenerateRequest request) {
  auto const chosen = choose(request, false);
  if (!chosen) return {};
  return (*chosen)->read_ahead(std::move(request));
}

std::string RoutedModel::metrics() const {
  std::string out =
      "# HELP parley_routed_total Requests, by the rule of `routing` that held.\n# TYPE parley_routed_total counter\n";
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    out += fmt::format("parley_routed_total{{rule=\"{}\"}} {}\n", i + 1, rules_[i]->asked.load());
  }
  out += "# HELP parley_cascade_total What became of small models' answers.\n# TYPE parley_cascade_total counter\n";
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!rules_[i]->rule.cascade) continue;
    std::uint64_t sure = 0, unsure = 0, failed = 0, unscored = 0;
    std::lock_guard const lock(mutex_);
    for (auto const& cascade : rules_[i]->cascades) {
      sure += cascade->counts().sure;
      unsure += cascade->counts().unsure;
      failed += cascade->counts().failed;
      unscored += cascade->counts().unscored;
    }
    for (auto const& [what, count] :
         {std::pair{"sure", sure}, {"unsure", unsure}, {"failed", failed}, {"unscored", unscored}}) {
      out += fmt::format("parley_cascade_total{{rule=\"{}\",outcome=\"{}\"}} {}\n", i + 1, what, count);
    }
  }
  out += "# HELP parley_model_running Requests that a model is at.\n# TYPE parley_model_running gauge\n";
  for (auto const& [name, metered] : models_) {
    out += fmt::format("parley_model_running{{model=\"{}\"}} {}\n", name, metered.meter->running());
  }
  out += "# HELP parley_model_cost_today What a model has cost today (UTC).\n# TYPE parley_model_cost_today gauge\n";
  for (auto const& [name, metered] : models_) {
    out += fmt::format("parley_model_cost_today{{model=\"{}\"}} {}\n", name, metered.meter->cost_today());
  }
  return out;
}

}  // namespace parley::cloud
