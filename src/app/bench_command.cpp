#include "app/bench_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/text_load.hpp"
#include "app/text_table.hpp"
#include "core/log.hpp"

namespace parley::app {
namespace {

using nlohmann::json;

struct Wish {
  std::string url = "http://127.0.0.1:8080", key_from, csv;
  LoadOptions load;
  double p99_ms = 0, least_rate = 0, most_errors = -1;
  bool json = false, whole = false;
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

std::vector<std::string> line(std::string const& name, std::vector<double> values) {
  std::ranges::sort(values);
  std::vector<std::string> cells{name, std::to_string(values.size())};
  for (double const q : {0.5, 0.9, 0.95, 0.99, 1.0}) cells.push_back(fmt::format("{:.1f}", quantile(values, q)));
  return cells;
}

json shown(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"count", values.size()},           {"p50_ms", quantile(values, 0.5)},
          {"p90_ms", quantile(values, 0.9)},  {"p95_ms", quantile(values, 0.95)},
          {"p99_ms", quantile(values, 0.99)}, {"max_ms", values.empty() ? 0 : values.back()}};
}

/// What was asked for and does not hold.
std::vector<std::string> broken(Wish const& wish, LoadResult const& result) {
  std::vector<std::string> out;
  auto const answered = static_cast<double>(result.answered.size());
  double const rate = answered / std::max(result.seconds, 1e-9);
  double const errors =
      static_cast<double>(result.failed.size()) / std::max(1.0, answered + static_cast<double>(result.failed.size()));
  auto const check = [&](bool good, std::string sentence) {
    if (!good) out.push_back(std::move(sentence));
  };
  double const p99 = quantile(result.answered, 0.99);
  check(wish.p99_ms <= 0 || p99 <= wish.p99_ms, fmt::format("P99 is {:.0f} ms, not {:.0f}", p99, wish.p99_ms));
  check(wish.least_rate <= 0 || rate >= wish.least_rate, fmt::format("{:.1f} requests/s, not {:.1f}", rate, wish.least_rate));
  check(wish.most_errors < 0 || errors <= wish.most_errors,
        fmt::format("{:.3f} % failed, not {:.3f} %", 100 * errors, 100 * wish.most_errors));
  check(!result.answered.empty(), "nothing was answered");
  return out;
}

int bench(Wish& wish) {
  core::start_log("warn");
  auto const address = cloud::net::parse_address(wish.url);
  if (!address) return complain(address.error());
  wish.load.address = *address;
  wish.load.stream = !wish.whole;
  if (!wish.key_from.empty()) {
    auto key = cloud::load_secret(wish.key_from);
    if (!key) return complain(key.error());
    wish.load.key = *std::move(key);
  }
  auto const result = load_text(wish.load);
  if (!result) return complain(result.error());
  if (!wish.csv.empty()) {
    std::ofstream out(wish.csv, std::ios::binary);
    out << stats_csv(*result, wish.load.path);
    if (!out.flush()) return complain({core::Code::unavailable, "the statistics could not be written", wish.csv, {}});
  }
  double const rate = static_cast<double>(result->answered.size()) / std::max(result->seconds, 1e-9);
  auto const problems = broken(wish, *result);
  if (wish.json) {
    std::cout << json{{"requests_per_second", rate},
                      {"seconds", result->seconds},
                      {"answered", shown(result->answered)},
                      {"first_token", shown(result->first_token)},
                      {"between_tokens", shown(result->between_tokens)},
                      {"refused", shown(result->refused)},
                      {"retry_after", shown(result->retry_after)},
                      {"failed", result->failed.size()},
                      {"problems", result->problems},
                      {"broken", problems}}
                     .dump()
              << std::endl;
    return problems.empty() ? 0 : 1;
  }
  std::vector<std::vector<std::string>> rows{{"ms", "count", "P50", "P90", "P95", "P99", "most"}};
  rows.push_back(line("whole answers", result->answered));
  if (!result->first_token.empty()) rows.push_back(line("first token", result->first_token));
  if (!result->between_tokens.empty()) rows.push_back(line("between tokens", result->between_tokens));
  if (!result->refused.empty()) rows.push_back(line("refusals (429)", result->refused));
  std::cout << table(rows)
            << fmt::format("{:.1f} requests/s answered over {:.1f} s, {} refused, {} failed\n", rate, result->seconds,
                           result->refused.size(), result->failed.size());
  for (auto const& problem : result->problems) std::cout << "failed: " << problem << '\n';
  for (auto const& each : problems) std::cout << "NOT MET: " << each << '\n';
  std::cout << std::flush;
  return problems.empty() ? 0 : 1;
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("bench", "measure a server");
  command->require_subcommand(1);
  auto const wish = std::make_shared<Wish>();
  wish->load.prompt = "生成300字的产品说明书";
  auto* text = command->add_subcommand("text", "load on any OpenAI-compatible server or /generate");
  text->add_option("--url", wish->url, "default http://127.0.0.1:8080");
  text->add_option("--path", wish->load.path, "default /v1/chat/completions; /generate has its own shape");
  text->add_option("--key-from", wish->key_from, "environment variable or file:/path with the API key");
  text->add_option("--model", wish->load.model, "default: default");
  text->add_option("--prompt", wish->load.prompt, "what is asked");
  text->add_option("--max-tokens", wish->load.max_tokens, "of an answer; 0: not said")->check(CLI::Range(0, 100000));
  text->add_flag("--whole", wish->whole, "ask for whole answers instead of streams");
  auto* rate = text->add_option("--rate", wish->load.rate, "requests a second, at random times, answered or not (open loop)")
                   ->check(CLI::Range(0.0, 100000.0));
  text->add_option("--at-once", wish->load.at_once, "so many at once, each followed by another (closed loop); default 1")
      ->check(CLI::Range(1, 10000))
      ->excludes(rate);
  text->add_option("--seconds", wish->load.seconds, "default 10")->check(CLI::Range(0.1, 3600.0));
  text->add_option("--seed", wish->load.seed, "of the times");
  text->add_option("--csv", wish->csv, "write statistics as Locust does, with rows for first token, between tokens, refusals");
  text->add_flag("--json", wish->json, "one JSON object");
  text->add_option("--p99-ms", wish->p99_ms, "exit with 1 when whole answers are slower");
  text->add_option("--least-rate", wish->least_rate, "exit with 1 when fewer a second are answered");
  text->add_option("--most-errors", wish->most_errors, "exit with 1 when a larger share fails (0.001)");
  text->callback([wish, &exit_code] { exit_code = bench(*wish); });
}

}  // namespace parley::app
