#include "app/text_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <random>
#include <thread>

#include "cloud/net/http_client.hpp"
#include "cloud/net/network.hpp"
#include "core/clock.hpp"

namespace parley::app {
namespace {

using core::Clock;
using core::Instant;

constexpr std::size_t most_in_flight = 20'000;  // of the open loop: beyond, the server is not standing
constexpr std::size_t most_problems = 10;

double ms_since(Instant then) { return std::chrono::duration<double, std::milli>(Clock::now() - then).count(); }

std::size_t count_events(std::string_view bytes) {
  std::size_t count = 0;
  for (auto at = bytes.find("data: {"); at != std::string_view::npos; at = bytes.find("data: {", at + 1)) ++count;
  return count;
}

/// All requests of one load. Lives until the last is over.
class Load : public std::enable_shared_from_this<Load> {
 public:
  Load(LoadOptions options, cloud::net::Network& network)
      : options_(std::move(options)), client_(std::in_place, network), body_(body()) {}

  /// Before the network ends, which the connections belong to.
  void close() { client_.reset(); }

  LoadResult run() {
    began_ = Clock::now();
    until_ = began_ + std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(options_.seconds));
    if (options_.rate > 0) {
      open_loop();
    } else {
      for (int i = 0; i < options_.at_once; ++i) send();
    }
    std::unique_lock lock(mutex_);
    done_.wait_for(
        lock, options_.patience + std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(options_.seconds)),
        [&] { return in_flight_ == 0 && Clock::now() >= until_; });
    result_.seconds = std::chrono::duration<double>(last_ - began_).count();
    return result_;
  }

 private:
  struct Visit {
    Instant began = Clock::now();
    Instant last{};
    int status = 0;
    double retry_after_ms = 0;
    std::size_t bytes = 0;
    double first_ms = -1;
    std::vector<double> gaps;
    core::Job job;
  };

  [[nodiscard]] std::string body() const {
    nlohmann::json body;
    if (options_.path == "/generate")
      body["prompt"] = options_.prompt;
    else
      body = {{"model", options_.model}, {"messages", {{{"role", "user"}, {"content", options_.prompt}}}}};
    if (options_.max_tokens > 0) body["max_tokens"] = options_.max_tokens;
    if (options_.stream) body["stream"] = true;
    return body.dump();
  }

  void open_loop() {
    std::mt19937 random(options_.seed);
    std::exponential_distribution<> gap(options_.rate);
    for (double at = gap(random); at < options_.seconds; at += gap(random)) {
      std::this_thread::sleep_until(began_ + std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(at)));
      bool full = false;
      {
        std::lock_guard const lock(mutex_);
        full = in_flight_ >= most_in_flight;
        if (full) fail("more than 20000 requests are unanswered", 0);
      }
      if (!full) send();
    }
    std::this_thread::sleep_until(until_);
  }

  void send() {
    auto const visit = std::make_shared<Visit>();
    cloud::net::HttpRequest request;
    request.address = options_.address / options_.path;
    request.headers = {{"Content-Type", "application/json"}};
    if (!options_.key.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.key.reveal());
    request.body = body_;
    request.patience.first_byte = request.patience.between = options_.patience;
    {
      std::lock_guard const lock(mutex_);
      ++in_flight_;
      visits_[visit.get()] = visit;
    }
    auto job =
        client_->send(std::move(request),
                      {[visit](cloud::net::HttpHead const& head) {
                         visit->status = head.status;
                         visit->retry_after_ms = std::atof(head.retry_after.c_str()) * 1000;
                       },
                       [visit, stream = options_.stream](std::string_view bytes) { take(*visit, bytes, stream); },
                       [self = shared_from_this(), visit](core::Result<void> const& result) { self->ended(*visit, result); }});
    std::lock_guard const lock(mutex_);
    if (visits_.contains(visit.get()))
      visit->job = std::move(job);
    else
      job = {};
  }

  static void take(Visit& visit, std::string_view bytes, bool stream) {
    visit.bytes += bytes.size();
    auto const events = stream && visit.status == 200 ? count_events(bytes) : 0;
    if (events == 0) return;
    auto const now = Clock::now();
    if (visit.first_ms < 0) {
      visit.first_ms = std::chrono::duration<double, std::milli>(now - visit.began).count();
    } else {
      // Tokens that come in one piece share the time since the piece before.
      visit.gaps.push_back(std::chrono::duration<double, std::milli>(now - visit.last).count() / static_cast<double>(events));
    }
    visit.last = now;
  }

  void ended(Visit& visit, core::Result<void> const& result) {
    double const took = ms_since(visit.began);
    bool more = false;
    {
      std::lock_guard const lock(mutex_);
      last_ = Clock::now();
      if (result && visit.status == 200) {
        result_.answered.push_back(took);
        result_.content_bytes += static_cast<double>(visit.bytes);
        if (visit.first_ms >= 0) result_.first_token.push_back(visit.first_ms);
        result_.between_tokens.insert(result_.between_tokens.end(), visit.gaps.begin(), visit.gaps.end());
      } else if (result && visit.status == 429) {
        result_.refused.push_back(took);
        result_.retry_after.push_back(visit.retry_after_ms);
      } else {
        fail(result ? fmt::format("status {}", visit.status) : result.error().message, took);
      }
      --in_flight_;
      visits_.erase(&visit);
      more = options_.rate <= 0 && last_ < until_;
    }
    if (more) send();
    done_.notify_all();
  }

  void fail(std::string problem, double took) {
    result_.failed.push_back(took);
    auto& problems = result_.problems;
    if (problems.size() < most_problems && std::ranges::find(problems, problem) == problems.end()) {
      problems.push_back(std::move(problem));
    }
  }

  LoadOptions const options_;
  std::optional<cloud::net::HttpClient> client_;
  std::string const body_;
  Instant began_{}, until_{};
  std::mutex mutex_;  // guards the rest
  std::condition_variable done_;
  std::size_t in_flight_ = 0;
  std::map<Visit const*, std::shared_ptr<Visit>> visits_;
  Instant last_{};
  LoadResult result_;
};

constexpr std::array<double, 11> quantiles{0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1};

std::string row(std::string const& kind, std::string const& name, std::vector<double> values, std::size_t failures,
                double bytes, double seconds) {
  std::ranges::sort(values);
  double const count = static_cast<double>(values.size());
  double const mean = values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / count;
  double const span = std::max(seconds, 1e-9);
  auto out = fmt::format("{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.1f},{:.3f},{:.3f}", kind, name, values.size(), failures,
                         quantile(values, 0.5), mean, values.empty() ? 0 : values.front(), values.empty() ? 0 : values.back(),
                         values.empty() ? 0 : bytes / count, count / span, static_cast<double>(failures) / span);
  for (double const q : quantiles) out += fmt::format(",{:.3f}", quantile(values, q));
  return out + "\n";
}

}  // namespace

double quantile(std::vector<double> const& sorted, double q) {
  if (sorted.empty()) return 0;
  auto const rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

core::Result<LoadResult> load_text(LoadOptions const& options) {
  auto network = cloud::net::Network::start(1);
  if (!network) return std::unexpected(network.error());
  auto const load = std::make_shared<Load>(options, **network);
  auto result = load->run();
  load->close();
  network->reset();  // nothing tells the load anything any more
  std::ranges::sort(result.answered);
  return result;
}

std::string stats_csv(LoadResult result, std::string const& path) {
  std::string out =
      "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,"
      "Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%\n";
  auto all = result.answered;
  all.insert(all.end(), result.failed.begin(), result.failed.end());
  out += row("POST", path, all, result.failed.size(), result.content_bytes, result.seconds);
  out += row("TTFT", path, result.first_token, 0, 0, result.seconds);
  out += row("ITL", path, result.between_tokens, 0, 0, result.seconds);
  out += row("429", path, result.refused, 0, 0, result.seconds);
  return out + row("", "Aggregated", std::move(all), result.failed.size(), result.content_bytes, result.seconds);
}

}  // namespace parley::app
