#pragma once
// What services cost: a table of prices, each with the day from which it holds, as the vendor's console shows them.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "core/result.hpp"

namespace parley::app {

struct Price {
  std::string product;                            ///< a model's or a resource's id
  std::string since;                              ///< 2026-01-31
  std::string currency;                           ///< CNY, USD
  double prompt = 0, cached = 0, completion = 0;  ///< of 1,000 tokens
  double characters = 0;                          ///< of 10,000 characters spoken
  double hour = 0;                                ///< of an hour of sound recognised
};

class Prices {
 public:
  explicit Prices(std::vector<Price> prices = {}) : prices_(std::move(prices)) {}

  /// The price that holds on this day; none: the product is not in the table, or was not sold yet.
  [[nodiscard]] Price const* of(std::string const& product, std::string const& day) const;

 private:
  std::vector<Price> prices_;
};

[[nodiscard]] double cost(Price const& price, core::ServiceUse const& use);

/// `invalid` names the line.
[[nodiscard]] core::Result<Prices> parse_prices(std::string const& yaml, std::string const& file);
[[nodiscard]] core::Result<Prices> load_prices(std::filesystem::path const& path);

/// Today, as prices are dated (UTC).
[[nodiscard]] std::string today();

/// What a call has cost so far.
struct Bill {
  std::map<std::string, double> sums;          ///< currency → sum
  std::map<std::string, int> without_a_price;  ///< product → uses
  void add(core::ServiceUse const& use, Price const* price);
};

/// One use as JSON, with its cost where there is a price; no words of the call in it.
[[nodiscard]] std::string to_json(core::ServiceUse const& use, Price const* price);
/// {"sums":{"CNY":0.0123},"without_a_price":{…}}
[[nodiscard]] std::string to_json(Bill const& bill);

}  // namespace parley::app
