#include "app/prices.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/config.hpp"

namespace parley::app {
namespace {

using testing::HasSubstr;

TEST(Prices, TheOneThatHeldThenIsTaken) {
  auto const prices = parse_prices(R"(prices:
  - {product: m, since: 2026-01-01, currency: CNY, prompt: 0.001, cached: 0.0002, completion: 0.01}
  - {product: m, since: 2026-06-01, currency: CNY, prompt: 0.002, completion: 0.02}
  - {product: voice, since: 2026-01-01, currency: USD, characters: 3}
  - {product: ears, since: 2026-01-01, currency: CNY, hour: 4.5}
)",
                                   "p.yaml");
  ASSERT_TRUE(prices) << core::describe(prices.error());
  core::ServiceUse const said{.product = "m", .prompt_tokens = 3000, .cached_tokens = 1000, .completion_tokens = 500};
  EXPECT_EQ(prices->of("m", "2025-12-31"), nullptr);
  EXPECT_DOUBLE_EQ(cost(*prices->of("m", "2026-05-31"), said), 2 * 0.001 + 0.0002 + 0.5 * 0.01);
  EXPECT_DOUBLE_EQ(cost(*prices->of("m", "2026-06-01"), said), 3 * 0.002 + 0.5 * 0.02);  // no discount for what is cached
  EXPECT_DOUBLE_EQ(cost(*prices->of("voice", "2026-02-01"), {.characters = 5000}), 1.5);
  EXPECT_DOUBLE_EQ(cost(*prices->of("ears", "2026-02-01"), {.heard = std::chrono::minutes(20)}), 1.5);
  Bill bill;
  bill.add(said, prices->of("m", "2026-06-01"));
  bill.add({.product = "unknown"}, nullptr);
  bill.add({.product = "voice", .failure = "deadline", .characters = 10'000}, prices->of("voice", "2026-06-01"));
  auto const told = nlohmann::json::parse(to_json(bill));
  EXPECT_DOUBLE_EQ(told["sums"]["CNY"], 3 * 0.002 + 0.5 * 0.02);
  EXPECT_FALSE(told["sums"].contains("USD"));  // what failed is not paid for
  EXPECT_EQ(told["without_a_price"]["unknown"], 1);
}

TEST(Prices, MistakesNameTheLine) {
  auto const mistake = [](char const* yaml) { return parse_prices(yaml, "p.yaml").error().message; };
  EXPECT_THAT(mistake("prices:\n  - {product: m, since: 2026-13-01, currency: CNY}\n"), HasSubstr("line 2"));
  EXPECT_THAT(mistake("prices:\n  - {product: m, since: 2026-01-01, currency: CNY, promt: 1}\n"), HasSubstr("no key 'promt'"));
  EXPECT_THAT(mistake("prices:\n  - {product: m, since: 2026-01-01, currency: CNY, hour: -1}\n"), HasSubstr("'hour'"));
  EXPECT_THAT(mistake("prices:\n  - {since: 2026-01-01}\n"), HasSubstr("needs a product"));
  EXPECT_THAT(mistake("price: []\n"), HasSubstr("'prices'"));
  EXPECT_TRUE(load_prices(share_folder() / "config" / "prices.yaml"));
}

}  // namespace
}  // namespace parley::app
