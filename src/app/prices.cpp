#include "app/prices.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/file.hpp"

namespace parley::app {
namespace {

using core::Code;
using nlohmann::ordered_json;

struct Mistake {
  int line = 0;
  std::string sentence;
};

[[noreturn]] void complain(YAML::Node const& node, std::string sentence) {
  throw Mistake{node.Mark().line + 1, std::move(sentence)};
}

bool is_day(std::string const& text) {
  int year = 0, month = 0, day = 0, read = 0;
  return std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &read) == 3 && read == 10 && text.size() == 10 &&
         std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
             .ok();
}

Price read_price(YAML::Node const& node) {
  if (!node.IsMap()) complain(node, "a price holds keys and values");
  Price price;
  for (auto const& entry : node) {
    auto const key = entry.first.as<std::string>();
    std::string* const text = key == "product"    ? &price.product
                              : key == "since"    ? &price.since
                              : key == "currency" ? &price.currency
                                                  : nullptr;
    double* const number = key == "prompt"       ? &price.prompt
                           : key == "cached"     ? &price.cached
                           : key == "completion" ? &price.completion
                           : key == "characters" ? &price.characters
                           : key == "hour"       ? &price.hour
                                                 : nullptr;
    if (text != nullptr) {
      *text = entry.second.as<std::string>();
    } else if (number == nullptr) {
      complain(entry.first, fmt::format("a price has no key '{}'", key));
    } else if (!YAML::convert<double>::decode(entry.second, *number) || !(*number >= 0) || *number > 1e6) {
      complain(entry.second, fmt::format("'{}' is a number, not below 0", key));
    }
  }
  if (price.product.empty() || price.currency.empty()) complain(node, "a price needs a product and a currency");
  if (!is_day(price.since)) complain(node, "a price needs `since`, a day such as 2026-01-31");
  if (!node["cached"]) price.cached = price.prompt;
  return price;
}

}  // namespace

Price const* Prices::of(std::string const& product, std::string const& day) const {
  Price const* best = nullptr;
  for (auto const& price : prices_) {
    if (price.product == product && price.since <= day && (best == nullptr || price.since >= best->since)) best = &price;
  }
  return best;
}

double cost(Price const& price, core::ServiceUse const& use) {
  auto const fresh = std::max(0, use.prompt_tokens - use.cached_tokens);
  return (fresh * price.prompt + use.cached_tokens * price.cached + use.completion_tokens * price.completion) / 1000 +
         use.characters * price.characters / 10'000 + static_cast<double>(use.heard.count()) / 3'600'000 * price.hour;
}

core::Result<Prices> parse_prices(std::string const& yaml, std::string const& file) {
  try {
    auto const root = YAML::Load(yaml);
    if (root.IsNull()) return Prices();
    std::vector<Price> prices;
    auto const list = root.IsMap() ? root["prices"] : YAML::Node(YAML::NodeType::Undefined);
    if (!list.IsDefined() || root.size() != 1) complain(root, "a table of prices has one key, 'prices'");
    if (list.IsNull()) return Prices();
    if (!list.IsSequence()) complain(list, "'prices' is a list");
    for (auto const& node : list) prices.push_back(read_price(node));
    return Prices(std::move(prices));
  } catch (Mistake const& mistake) {
    return core::fail(Code::invalid, fmt::format("line {}: {}", mistake.line, mistake.sentence), file);
  } catch (YAML::Exception const& error) {
    return core::fail(Code::invalid, fmt::format("line {}: this is no YAML: {}", error.mark.line + 1, error.msg), file);
  }
}

core::Result<Prices> load_prices(std::filesystem::path const& path) {
  auto const text = core::file_bytes(path);
  if (!text) return core::fail(Code::not_found, "there is no such table of prices, or it may not be read", path.string());
  return parse_prices(*text, path.string());
}

std::string today() {
  std::chrono::year_month_day const day(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

void Bill::add(core::ServiceUse const& use, Price const* price) {
  if (!use.failure.empty()) return;
  if (price == nullptr) {
    ++without_a_price[use.product];
  } else {
    sums[price->currency] += cost(*price, use);
  }
}

std::string to_json(core::ServiceUse const& use, Price const* price) {
  ordered_json out{{"service", use.service}, {"product", use.product}};
  if (!use.log_id.empty()) out["log_id"] = use.log_id;
  if (!use.failure.empty()) out["failure"] = use.failure;
  for (auto const& [name, amount] :
       {std::pair{"prompt_tokens", use.prompt_tokens}, std::pair{"cached_tokens", use.cached_tokens},
        std::pair{"completion_tokens", use.completion_tokens}, std::pair{"characters", use.characters},
        std::pair{"heard_ms", static_cast<int>(use.heard.count())}}) {
    if (amount != 0) out[name] = amount;
  }
  if (price != nullptr && use.failure.empty()) {
    out["cost"] = cost(*price, use);
    out["currency"] = price->currency;
    out["price_since"] = price->since;
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string to_json(Bill const& bill) {
  return ordered_json{{"sums", bill.sums}, {"without_a_price", bill.without_a_price}}.dump();
}

}  // namespace parley::app
