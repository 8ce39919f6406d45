#pragma once
// Which models may answer a request: rules, the first that fits holds. Pure questions about one request.
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "language/model.hpp"

namespace parley::cloud {

/// What rules look at.
struct Asked {
  std::set<std::string> tasks;  ///< call, tools, json, code; chat where none of the other three fits
  std::string language;         ///< "zh" or "en", of the user's last words
  std::size_t characters = 0;   ///< code points of all messages together
  std::string client;           ///< the id of a key; empty: none
};
[[nodiscard]] Asked look_at(language::GenerateRequest const& request);

/// Who is asked first among the models of a rule.
enum class Prefer : std::uint8_t {
  order,       // as they are written
  cheapest,    // by their price for this request
  least_busy,  // by the requests they are at
};

/// The small model first; the rule's others when it is unsure of its answer.
struct CascadeRule {
  std::string small;
  double least_logprob = -0.7;  ///< mean of the first tokens' natural logarithms of probability; below it is unsure
  int tokens = 16;              ///< that many are waited for
};

struct RouteRule {
  /// Conditions; empty: anything.
  std::vector<std::string> tasks = {}, languages = {}, clients = {};
  std::size_t at_least = 0, at_most = std::numeric_limits<std::size_t>::max();  ///< characters
  std::vector<std::string> use = {};                                            ///< names of models; the others step in
  Prefer prefer = Prefer::order;
  std::optional<CascadeRule> cascade = {};

  [[nodiscard]] bool fits(Asked const& asked) const;
};

}  // namespace parley::cloud
