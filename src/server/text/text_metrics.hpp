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

/// Each model for itself, by the name it is asked for; "default" is the house's own. Only models that there are may be named:
/// each name is kept. Thread-safe; seconds throughout.
class TextMetrics {
 public:
  /// `house`: the model that "default" means; it is told of before anybody asks.
  explicit TextMetrics(std::string house);

  void began(std::string const& model);
  void first_token(std::string const& model, double since_asked);
  void next_token(std::string const& model, double since_last);
  /// `how`: stop, length, tool_calls, abort (the client has gone) or error. Every `began` is followed by one `ended`.
  void ended(std::string const& model, std::string const& how, double since_asked, language::Usage const& usage);

  void refused(std::string const& model);  ///< told 429 before anything began

  [[nodiscard]] std::string text() const;

 private:
  struct Tally {
    Histogram first_token{latency_bounds()}, next_token{token_bounds()}, whole{whole_bounds()};
    Histogram prompt{size_bounds()}, answer{size_bounds()};
    std::map<std::string, std::uint64_t> endings;
    std::uint64_t prompt_tokens = 0, cached_tokens = 0, answer_tokens = 0, refused = 0;
    int running = 0;
  };
  /// Under the lock.
  [[nodiscard]] Tally& of(std::string const& model) { return models_[model == "default" ? house_ : model]; }

  std::string house_;
  mutable std::mutex mutex_;
  std::map<std::string, Tally> models_;

  static std::vector<double> latency_bounds();
  static std::vector<double> token_bounds();
  static std::vector<double> whole_bounds();
  static std::vector<double> size_bounds();
};

}  // namespace parley::server
