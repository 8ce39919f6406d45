// The rule of admission against a simulated engine in virtual time: continuous batching, so many answers at once, every step
// slower with every answer that is written.
#include "server/text/admission.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace parley::server {
namespace {

struct Engine {
  double step = 0.02, more = 0.004, read = 0.03;  ///< seconds: a step of one answer, of each further one, of reading a prompt
  std::size_t at_once = 8;
};

struct Request {
  std::string client;
  int tokens = 0;
  double came = 0;
};

struct Outcome {
  std::vector<double> took, first;   ///< of those who were taken
  std::vector<double> second_look;   ///< of those refused: 1 when taken at the time they were told, else 0
  std::map<std::string, int> taken;  ///< client → requests
  int refused = 0;
  double seconds = 0;
};

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

/// Requests come as they are, in order of their times. `patient`: who is refused comes once more when told to.
Outcome run(Admission& admission, Engine const& engine, std::vector<Request> const& coming, bool patient = false) {
  struct Live {
    Admission::Ticket ticket;
    Request request;
    int written = 0;
  };
  struct Again {
    double at;
    Request request;
  };
  Outcome out;
  std::vector<Live> waiting, writing;
  std::vector<Again> again;
  std::size_t next = 0;
  double now = 0;
  auto const arrive = [&](Request request, bool first_time) {
    auto const ticket = admission.arrive(request.client, request.tokens, request.came);
    if (!first_time) out.second_look.push_back(ticket ? 1 : 0);
    if (ticket) {
      ++out.taken[request.client];
      waiting.push_back({*ticket, std::move(request), 0});
      return;
    }
    ++out.refused;
    if (first_time && patient) again.push_back({request.came + ticket.error() + 0.01, std::move(request)});
  };
  while (next < coming.size() || !waiting.empty() || !writing.empty() || !again.empty()) {
    std::ranges::sort(again, {}, &Again::at);
    double const soonest = std::min(next < coming.size() ? coming[next].came : 1e18, again.empty() ? 1e18 : again.front().at);
    if (waiting.empty() && writing.empty()) now = std::max(now, soonest);
    while (next < coming.size() && coming[next].came <= now) arrive(coming[next++], true);
    while (!again.empty() && again.front().at <= now) {
      auto one = again.front();
      again.erase(again.begin());
      one.request.came = one.at;
      arrive(one.request, false);
    }
    double step = 0;
    while (writing.size() < engine.at_once && !waiting.empty()) {
      // Clients take turns, as they do in the scheduler: who has the fewest answers being written, then who came first.
      auto const one = std::ranges::min_element(waiting, {}, [&](Live const& live) {
        return std::pair(std::ranges::count(writing, live.request.client, [](Live const& w) { return w.request.client; }),
                         live.request.came);
      });
      writing.push_back(*one);
      waiting.erase(one);
      step += engine.read;
    }
    if (writing.empty()) continue;
    now += step + engine.step + engine.more * static_cast<double>(writing.size() - 1);
    for (auto& live : writing) {
      admission.token(live.ticket, now);
      if (++live.written == 1) out.first.push_back(now - live.request.came);
      if (live.written == live.request.tokens) {
        out.took.push_back(now - live.request.came);
        admission.leave(live.ticket, now);
      }
    }
    std::erase_if(writing, [](Live const& live) { return live.written == live.request.tokens; });
  }
  out.seconds = now;
  return out;
}

std::vector<Request> poisson(double rate, int count, std::uint32_t seed, std::string const& client = "", double from = 0) {
  std::mt19937 random(seed);
  std::exponential_distribution<> gap(rate);
  std::uniform_int_distribution<> length(20, 60);
  std::vector<Request> out;
  for (double at = from; count-- > 0;) out.push_back({client, length(random), at += gap(random)});
  return out;
}

std::vector<Request> one_by_one(int count, std::uint32_t seed) {
  auto requests = poisson(1, count, seed);
  double at = 0;
  for (auto& request : requests) request.came = at += 5;
  return requests;
}

std::vector<Request> later(std::vector<Request> requests, double by) {
  for (auto& request : requests) request.came += by;
  return requests;
}

/// Requests a second that come out of the engine when there are always enough.
double rate_of(Engine const& engine, std::size_t at_once) {
  constexpr double tokens = 40;
  double const step = engine.step + engine.more * static_cast<double>(at_once - 1);
  return static_cast<double>(at_once) / (tokens * step + engine.read * static_cast<double>(at_once));
}

/// An admission that knows its engine: what an answer takes alone, and under more than can be done.
struct Known {
  Known(AdmissionLimits limits, Engine const& engine, std::uint32_t seed) : admission(limits) {
    alone = run(admission, engine, one_by_one(200, seed));
    auto const warm = run(admission, engine, later(poisson(5, 400, seed + 100), alone.seconds));
    now = warm.seconds;
    rate = limits.slowdown > 0 ? admission.sustainable_rate() : rate_of(engine, engine.at_once);
  }
  Admission admission;
  Outcome alone;
  double now = 0, rate = 0;
};

TEST(Admission, AtTwiceTheSustainableRateNobodyWhoIsTakenTakesMoreThanHalfAsLongAgain) {
  for (double const more : {0.001, 0.004, 0.02}) {  // from nearly free company to none that pays
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
      Engine engine;
      engine.more = more;
      if (more == 0.001) engine.read = 0.005;
      Known known({.longest_wait = 20, .slowdown = 1.5}, engine, seed);
      EXPECT_EQ(known.alone.refused, 0);
      if (more == 0.001) {
        EXPECT_GE(known.admission.places(), 3) << "several at once at little cost";
      }
      auto const loaded = run(known.admission, engine, later(poisson(2 * known.rate, 4000, seed + 200), known.now));
      EXPECT_LE(quantile(loaded.took, 0.99), 1.5 * quantile(known.alone.took, 0.99)) << more << " " << seed;
      EXPECT_GT(loaded.refused, 800) << more << " " << seed;
      double const done = static_cast<double>(loaded.took.size()) / (loaded.seconds - known.now);
      // The rate reckons with the mean request: where two at once fit for short ones only, it is off by up to this.
      EXPECT_NEAR(done, known.rate, 0.4 * known.rate) << more << " " << seed;
    }
  }
}

TEST(Admission, WhoMayWaitWaitsNoLongerThanWasPromised) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    Engine const engine;
    Admission admission({.longest_wait = 3, .slowdown = 0});
    double const capacity = rate_of(engine, engine.at_once);
    auto const loaded = run(admission, engine, poisson(2 * capacity, 4000, seed));
    EXPECT_LE(quantile(loaded.first, 0.99), 3) << seed;
    EXPECT_GT(static_cast<double>(loaded.took.size()) / loaded.seconds, 0.95 * capacity)
        << "the engine is never idle, " << seed;
  }
}

TEST(Admission, BelowCapacityNobodyIsRefused) {
  Engine const engine;
  Admission admission({.longest_wait = 5, .slowdown = 0});
  EXPECT_EQ(run(admission, engine, poisson(0.7 * rate_of(engine, engine.at_once), 3000, 7)).refused, 0);
}

TEST(Admission, WhoComesAgainWhenToldToIsTakenUnlessOthersCameFirst) {
  Engine const engine;
  Known queue({.longest_wait = 3, .slowdown = 0}, engine, 1);
  // Three times what can be done for a while, then nothing new.
  auto const burst = run(queue.admission, engine, later(poisson(3 * queue.rate, 60, 3), queue.now), true);
  ASSERT_GT(burst.second_look.size(), 10U);
  EXPECT_GT(std::accumulate(burst.second_look.begin(), burst.second_look.end(), 0.0),
            0.6 * static_cast<double>(burst.second_look.size()));
  // All places taken, one more comes and comes again when it was told to.
  Known places({.longest_wait = 0, .slowdown = 1.5}, engine, 1);
  for (int round = 0; round < 20; ++round) {
    double const at = places.now + 20.0 * (round + 1);
    std::vector<Request> full(static_cast<std::size_t>(places.admission.places()), Request{"", 40, at});
    full.push_back({"", 30, at + 0.3});
    auto const one = run(places.admission, engine, full, true);
    EXPECT_EQ(one.second_look, std::vector<double>{1}) << round;
  }
}

TEST(Admission, AGreedyClientDoesNotKeepAnotherOut) {
  for (double const slowdown : {0.0, 1.5}) {
    Engine const engine;
    Known known({.longest_wait = 2, .slowdown = slowdown}, engine, 1);
    auto requests = poisson(5 * known.rate, 3000, 3, "greedy");
    auto const light = poisson(0.1 * known.rate, 60, 4, "light");
    requests.insert(requests.end(), light.begin(), light.end());
    std::ranges::sort(requests, {}, &Request::came);
    auto const out = run(known.admission, engine, later(std::move(requests), known.now), true);
    // With `slowdown` a place has to be free first, so that the first answer may be no; the next counts.
    EXPECT_GT(out.taken.at("light"), (slowdown > 0 ? 0.7 : 0.95) * 60) << slowdown;
    EXPECT_LT(out.taken.at("greedy"), 2000) << slowdown;
  }
}

}  // namespace
}  // namespace parley::server
