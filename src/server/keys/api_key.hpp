#pragma once
// One API key as it is kept: whose it is, what it opens and how much it may use. The key itself is kept nowhere, only its hash.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::server {

/// 0: no limit. Months are calendar months, UTC.
struct KeyLimits {
  std::int64_t requests_per_minute = 0;
  std::int64_t tokens_per_minute = 0;  ///< of prompts and answers together, as is the next
  std::int64_t monthly_tokens = 0;
  double monthly_budget = 0;                            ///< in the currency of the configuration's prices
  std::int64_t calls = 0;                               ///< at once
  std::int64_t monthly_minutes = 0, monthly_bytes = 0;  ///< of calls: how long they are, and what passes in both directions
  bool operator==(KeyLimits const&) const = default;
};

struct ApiKey {
  std::string id;    ///< "key_…": what logs, metrics and `parley keys list` call it
  std::string name;  ///< what its owner calls it
  std::string hash;  ///< SHA-256 of the key, lower-case hex
  std::vector<std::string> scopes;
  KeyLimits limits;
  std::int64_t created_at = 0;                  ///< seconds since 1970, as are the next two
  std::int64_t expires_at = 0, revoked_at = 0;  ///< 0: never, not
  bool operator==(ApiKey const&) const = default;

  [[nodiscard]] bool alive(double now) const {
    return revoked_at == 0 && (expires_at == 0 || now < static_cast<double>(expires_at));
  }
};

/// What a key may open. "all" stands for each of them.
inline constexpr std::array<std::string_view, 7> scopes{"text", "audio", "realtime", "knowledge", "roles", "models", "metrics"};

/// The scope that a path needs; empty: any key will do.
[[nodiscard]] std::string_view scope_of(std::string_view path);
/// Whether requests for it count against the limits of a key.
[[nodiscard]] bool is_metered(std::string_view scope);

/// A new key: 256 random bits as "sk-parley-…". Empty when the system gave no random numbers.
[[nodiscard]] std::string fresh_key();

}  // namespace parley::server
