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

TextMetrics::TextMetrics(std::string house) : house_(std::move(house)) { (void)of(house_); }

void TextMetrics::began(std::string const& model) {
  std::lock_guard const lock(mutex_);
  ++of(model).running;
}

void TextMetrics::first_token(std::string const& model, double since_asked) {
  std::lock_guard const lock(mutex_);
  of(model).first_token.observe(since_asked);
}

void TextMetrics::next_token(std::string const& model, double since_last) {
  std::lock_guard const lock(mutex_);
  of(model).next_token.observe(since_last);
}

void TextMetrics::ended(std::string const& model, std::string const& how, double since_asked, language::Usage const& usage) {
  std::lock_guard const lock(mutex_);
  auto& tally = of(model);
  --tally.running;
  ++tally.endings[how];
  if (how == "abort" || how == "error") return;
  tally.whole.observe(since_asked);
  tally.prompt.observe(usage.prompt_tokens);
  tally.answer.observe(usage.completion_tokens);
  tally.prompt_tokens += static_cast<std::uint64_t>(usage.prompt_tokens);
  tally.cached_tokens += static_cast<std::uint64_t>(usage.cached_tokens);
  tally.answer_tokens += static_cast<std::uint64_t>(usage.completion_tokens);
}

void TextMetrics::refused(std::string const& model) {
  std::lock_guard const lock(mutex_);
  ++of(model).refused;
}

std::string TextMetrics::text() const {
  std::lock_guard const lock(mutex_);
  std::string out;
  // The format wants all lines of one name together, so each name goes over all models.
  auto const each = [&](std::string_view name, std::string_view type, std::string_view help, auto const& lines) {
    out += head(name, type, help);
    for (auto const& [model, tally] : models_) out += lines(name, escaped(model), tally);
  };
  auto const ours = [](std::string const& model) {
    return fmt::format("gen_ai_operation_name=\"chat\",gen_ai_request_model=\"{0}\",model_name=\"{0}\"", model);
  };
  auto const histogram = [&](std::initializer_list<std::string_view> names, std::string_view help, Histogram Tally::* values) {
    for (auto const name : names) {
      each(name, "histogram", help, [&](std::string_view as, std::string const& model, Tally const& tally) {
        return (tally.*values).lines(as, ours(model));
      });
    }
  };
  auto const single = [&](std::string_view name, std::string_view type, std::string_view help, auto const& value) {
    each(name, type, help, [&](std::string_view as, std::string const& model, Tally const& tally) {
      return fmt::format("{}{{model_name=\"{}\"}} {}\n", as, model, value(tally));
    });
  };
  histogram({"gen_ai_server_time_to_first_token_seconds", "vllm:time_to_first_token_seconds"},
            "From the request to the first words of its answer.", &Tally::first_token);
  histogram(
      {"gen_ai_server_time_per_output_token_seconds", "vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"},
      "From one piece of an answer to the next.", &Tally::next_token);
  histogram({"gen_ai_server_request_duration_seconds", "vllm:e2e_request_latency_seconds"},
            "From the request to the end of its answer.", &Tally::whole);
  each("gen_ai_client_token_usage", "histogram", "Tokens of a prompt and of an answer.",
       [&](std::string_view as, std::string const& model, Tally const& tally) {
         return tally.prompt.lines(as, ours(model) + ",gen_ai_token_type=\"input\"") +
                tally.answer.lines(as, ours(model) + ",gen_ai_token_type=\"output\"");
       });
  single("vllm:prompt_tokens_total", "counter", "Tokens of prompts.", [](Tally const& t) { return t.prompt_tokens; });
  single("vllm:generation_tokens_total", "counter", "Tokens of answers.", [](Tally const& t) { return t.answer_tokens; });
  single("vllm:prefix_cache_queries_total", "counter", "Tokens of prompts looked up in the cache.",
         [](Tally const& t) { return t.prompt_tokens; });
  single("vllm:prefix_cache_hits_total", "counter", "Tokens of prompts that had been read before.",
         [](Tally const& t) { return t.cached_tokens; });
  single("vllm:num_requests_running", "gauge", "Requests that are waiting or being answered.",
         [](Tally const& t) { return std::max(t.running, 0); });
  single("parley_text_refused_total", "counter", "Requests that were told to come again later.",
         [](Tally const& t) { return t.refused; });
  each("vllm:request_success_total", "counter", "Requests that have ended, by how.",
       [](std::string_view as, std::string const& model, Tally const& tally) {
         std::string lines;
         for (auto const& [how, count] : tally.endings) {
           lines += fmt::format("{}{{model_name=\"{}\",finished_reason=\"{}\"}} {}\n", as, model, how, count);
         }
         return lines;
       });
  return out;
}

}  // namespace parley::server
