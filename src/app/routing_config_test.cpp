#include "app/routing_config.hpp"

#include <gmock/gmock.h>

#include "app/config.hpp"

namespace parley::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char const* services = R"(services:
  small: {kind: chat, url: 'http://127.0.0.1:1/v1', model: s}
  large: {kind: chat, url: 'http://127.0.0.1:1/v1', model: l}
  ears: {kind: openai-transcription, url: 'http://127.0.0.1:1/v1', model: w}
)";

std::string mistake(std::string const& yaml) {
  auto const config = parse_config(services + yaml, "c.yaml");
  return config ? "" : config.error().message;
}

TEST(RoutingConfig, RulesAreReadAndTheirModelsAreUsed) {
  auto const config = parse_config(std::string(services) + R"(routing:
  models: {large: {at_once: 4, daily_cost: 2.5}}
  rules:
    - when: {task: [code, json], language: zh, key: key_1, at_least: 100, at_most: 5000}
      use: large
      prefer: least_busy
    - use: [large, local]
      cascade: {small: small, least_logprob: -0.4, tokens: 8}
)",
                                   "c.yaml");
  ASSERT_TRUE(config) << core::describe(config.error());
  auto const& routing = config->routing;
  ASSERT_EQ(routing.rules.size(), 2U);
  EXPECT_THAT(routing.rules[0].tasks, ElementsAre("code", "json"));
  EXPECT_THAT(routing.rules[0].clients, ElementsAre("key_1"));
  EXPECT_EQ(routing.rules[0].at_most, 5000U);
  EXPECT_EQ(routing.rules[0].prefer, cloud::Prefer::least_busy);
  EXPECT_EQ(routing.rules[1].cascade->small, "small");
  EXPECT_EQ(routing.rules[1].cascade->tokens, 8);
  EXPECT_EQ(routing.models.at("large").at_once, 4);
  EXPECT_THAT(config->services.use.model, ElementsAre("large", "small", "local"));
  EXPECT_TRUE(parse_config(services, "c.yaml")->routing.rules.empty());
}

TEST(RoutingConfig, MistakesNameTheLineAndWhatToDo) {
  EXPECT_THAT(mistake("routing: {rules: [{use: none}]}\n"), HasSubstr("line 5: there is no service 'none' of kind chat"));
  EXPECT_THAT(mistake("routing: {rules: [{use: ears}]}\n"), HasSubstr("of kind chat"));
  EXPECT_THAT(mistake("routing: {rules: [{use: local, whne: {}}]}\n"), HasSubstr("did you mean 'when'?"));
  EXPECT_THAT(mistake("routing: {rules: [{use: local, when: {task: cooking}}]}\n"), HasSubstr("'cooking' is none of call"));
  EXPECT_THAT(mistake("routing: {rules: [{when: {task: code}}]}\n"), HasSubstr("which models to use"));
  EXPECT_THAT(mistake("routing: {rules: []}\n"), HasSubstr("needs a list of rules"));
  EXPECT_THAT(mistake("routing: {rules: [{use: local}], models: {large: {at_once: 1}}}\n"), HasSubstr("has no key 'large'"));
  EXPECT_THAT(mistake("use: {model: small}\nrouting: {rules: [{use: local}]}\n"), HasSubstr("not both"));
}

TEST(RoutingConfig, ADailyCostNeedsAPrice) {
  auto const config =
      parse_config(std::string(services) + "routing: {models: {large: {daily_cost: 1}}, rules: [{use: large}]}\n", "c.yaml");
  ASSERT_TRUE(config);
  auto const far = Services::open(config->services);
  ASSERT_TRUE(far);
  auto const refused = make_routed(config->routing, config->services, **far, nullptr, Prices());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "large");
  Prices const known(
      std::vector<Price>{{.product = "l", .since = "2020-01-01", .currency = "CNY", .prompt = 1, .completion = 2}});
  EXPECT_TRUE(make_routed(config->routing, config->services, **far, nullptr, known));
}

}  // namespace
}  // namespace parley::app
