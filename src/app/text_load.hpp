#pragma once
// Load on a text server, and what it was like: requests that come when they come, whether or not those before them are answered
// (open loop), or so many at once (closed loop).
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cloud/net/address.hpp"
#include "cloud/secret.hpp"
#include "core/result.hpp"

namespace parley::app {

struct LoadOptions {
  cloud::net::Address address;  ///< of the server, without a path
  std::string path = "/v1/chat/completions";
  cloud::Secret key;  ///< may be empty
  std::string model = "default";
  std::string prompt;
  int max_tokens = 0;  ///< 0: not said
  bool stream = true;
  double rate = 0;  ///< requests a second, at random times (Poisson); 0: closed loop
  int at_once = 1;  ///< of the closed loop
  double seconds = 10;
  std::uint32_t seed = 1;
  std::chrono::milliseconds patience{60'000};
};

/// Times in milliseconds, unsorted.
struct LoadResult {
  std::vector<double> answered, first_token, between_tokens;
  std::vector<double> refused;        ///< 429: how long the refusal took
  std::vector<double> retry_after;    ///< what refusals said, in ms
  std::vector<double> failed;         ///< anything else
  std::vector<std::string> problems;  ///< of failures, each once, ten at most
  double content_bytes = 0;           ///< of all answers
  double seconds = 0;                 ///< from the first request to the last answer
};

[[nodiscard]] core::Result<LoadResult> load_text(LoadOptions const& options);

/// The nearest-rank quantile; 0 of nothing.
[[nodiscard]] double quantile(std::vector<double> const& sorted, double q);

/// The statistics as Locust's --csv writes them, one row a kind: requests, time to first token, time between tokens, refusals.
[[nodiscard]] std::string stats_csv(LoadResult result, std::string const& path);

}  // namespace parley::app
