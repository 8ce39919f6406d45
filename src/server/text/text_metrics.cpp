#include "server/text/text_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::server {
namespace {

std::string head(std::string_view name, std::string_view type, std::string_view help) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

std::string escaped(std::string_view label) {
  std::string out;
  for (char const c : label) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

/// One histogram under each of its names.
std::string histogram(std::initializer_list<std::string_view> names, std::string_view help, Histogram const& values,
                      std::string_view labels) {
  std::string out;
  for (auto const name : names) out += head(name, "histogram", help) + values.lines(name, labels);
  return out;
}

std::string single(std::string_view name, std::string_view type, std::string_view help, std::string_view labels,
                   std::uint64_t value) {
  return head(name, type, help) + fmt::format("{}{{{}}} {}\n", name, labels, value);
}

}  // namespace

// The bounds are those that OpenTelemetry advises for each metric.
std::vector<double> TextMetrics::latency_bounds() {
  return {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
}
std::vector<double> TextMetrics::token_bounds() {
  return {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5};
}
std::vector<double> TextMetrics::whole_bounds() {
  return {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
}
std::vector<double> TextMetrics::size_bounds() { return {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576}; }

void Histogram::observe(double value) {
  auto const bound = std::ranges::lower_bound(bounds_, value);
  ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
  sum_ += value;
}

std::string Histogram::lines(std::string_view name, std::string_view labels) const {
  std::string out;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    count += counts_[i];
    out += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", name, labels, bounds_[i], count);
  }
  count += counts_.back();
  out += fmt::format("{}_bucket{{{},le=\"+Inf\"}} {}\n", name, labels, count);
  return out + fmt::format("{0}_sum{{{1}}} {2}\n{0}_count{{{1}}} {3}\n", name, labels, sum_, count);
}

void TextMetrics::began() {
  std::lock_guard const lock(mutex_);
  ++running_;
}

void TextMetrics::first_token(double since_asked) {
  std::lock_guard const lock(mutex_);
  first_token_.observe(since_asked);
}

void TextMetrics::next_token(double since_last) {
  std::lock_guard const lock(mutex_);
  next_token_.observe(since_last);
}

void TextMetrics::ended(std::string const& how, double since_asked, language::Usage const& usage) {
  std::lock_guard const lock(mutex_);
  --running_;
  ++endings_[how];
  if (how == "abort" || how == "error") return;
  whole_.observe(since_asked);
  prompt_.observe(usage.prompt_tokens);
  answer_.observe(usage.completion_tokens);
  prompt_tokens_ += static_cast<std::uint64_t>(usage.prompt_tokens);
  cached_tokens_ += static_cast<std::uint64_t>(usage.cached_tokens);
  answer_tokens_ += static_cast<std::uint64_t>(usage.completion_tokens);
}

void TextMetrics::refused() {
  std::lock_guard const lock(mutex_);
  ++refused_;
}

std::string TextMetrics::text() const {
  std::lock_guard const lock(mutex_);
  std::string const name = escaped(model_);
  std::string const ours = fmt::format("gen_ai_operation_name=\"chat\",gen_ai_request_model=\"{0}\",model_name=\"{0}\"", name);
  std::string const theirs = fmt::format("model_name=\"{}\"", name);
  std::string out = histogram({"gen_ai_server_time_to_first_token_seconds", "vllm:time_to_first_token_seconds"},
                              "From the request to the first words of its answer.", first_token_, ours);
  out += histogram(
      {"gen_ai_server_time_per_output_token_seconds", "vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"},
      "From one piece of an answer to the next.", next_token_, ours);
  out += histogram({"gen_ai_server_request_duration_seconds", "vllm:e2e_request_latency_seconds"},
                   "From the request to the end of its answer.", whole_, ours);
  out += head("gen_ai_client_token_usage", "histogram", "Tokens of a prompt and of an answer.");
  out += prompt_.lines("gen_ai_client_token_usage", ours + ",gen_ai_token_type=\"input\"");
  out += answer_.lines("gen_ai_client_token_usage", ours + ",gen_ai_token_type=\"output\"");
  out += single("vllm:prompt_tokens_total", "counter", "Tokens of prompts.", theirs, prompt_tokens_);
  out += single("vllm:generation_tokens_total", "counter", "Tokens of answers.", theirs, answer_tokens_);
  out +=
      single("vllm:prefix_cache_queries_total", "counter", "Tokens of prompts looked up in the cache.", theirs, prompt_tokens_);
  out +=
      single("vllm:prefix_cache_hits_total", "counter", "Tokens of prompts that had been read before.", theirs, cached_tokens_);
  out += single("vllm:num_requests_running", "gauge", "Requests that are waiting or being answered.", theirs,
                static_cast<std::uint64_t>(std::max(running_, 0)));
  out += single("parley_text_refused_total", "counter", "Requests that were told to come again later.", theirs, refused_);
  out += head("vllm:request_success_total", "counter", "Requests that have ended, by how.");
  for (auto const& [how, count] : endings_) {
    out += fmt::format("vllm:request_success_total{{{},finished_reason=\"{}\"}} {}\n", theirs, how, count);
  }
  return out;
}

}  // namespace parley::server
