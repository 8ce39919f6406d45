#pragma once
// What text serving has been like, in the Prometheus text format.
// Names: OpenTelemetry's semantic conventions for generative AI (gen_ai.server.*, with dots as underlines), and the same values
// under vLLM's names, so that dashboards made for it work as they are.
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "language/model.hpp"

namespace parley::server {

/// Counts how often a value was at most each of its bounds. Not thread-safe.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  void observe(double value);
  /// The lines of one metric without its HELP and TYPE; `labels` like `model="m"`.
  [[nodiscard]] std::string lines(std::string_view name, std::string_view labels) const;

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;  ///< each for itself; the last is beyond all bounds
  double sum_ = 0;
};

/// Thread-safe; seconds throughout.
class TextMetrics {
 public:
  explicit TextMetrics(std::string model) : model_(std::move(model)) {}

  void began();
  void first_token(double since_asked);
  void next_token(double since_last);
  /// `how`: stop, length, tool_calls, abort (the client has gone) or error. Every `began` is followed by one `ended`.
  void ended(std::string const& how, double since_asked, language::Usage const& usage);

  void refused();  ///< told 429 before anything began

  [[nodiscard]] std::string text() const;

 private:
  std::string model_;
  mutable std::mutex mutex_;
  Histogram first_token_{latency_bounds()}, next_token_{token_bounds()}, whole_{whole_bounds()};
  Histogram prompt_{size_bounds()}, answer_{size_bounds()};
  std::map<std::string, std::uint64_t> endings_;
  std::uint64_t prompt_tokens_ = 0, cached_tokens_ = 0, answer_tokens_ = 0, refused_ = 0;
  int running_ = 0;

  static std::vector<double> latency_bounds();
  static std::vector<double> token_bounds();
  static std::vector<double> whole_bounds();
  static std::vector<double> size_bounds();
};

}  // namespace parley::server
