#pragma once
// What a key has used. A value; seconds are of the epoch, as the file that outlives a restart has them.
#include <cstdint>

#include "server/keys/rate_bucket.hpp"

namespace parley::server {

/// Money for a million tokens, in whatever currency budgets are given in.
struct Prices {
  double input = 0, output = 0;
};

struct KeyUsage {
  int month = 0;  ///< year * 12 + month of the next five
  std::uint64_t requests = 0, input_tokens = 0, output_tokens = 0;
  double cost = 0;
  double call_seconds = 0;
  std::uint64_t call_bytes = 0;
  std::uint64_t refused = 0;  ///< since the beginning, for the metrics
  RateBucket request_bucket, token_bucket;

  /// A new month begins with nothing used.
  void enter(double now);
};

[[nodiscard]] int month_of(double now);
[[nodiscard]] double seconds_to_next_month(double now);

}  // namespace parley::server
