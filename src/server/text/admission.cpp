#include "server/text/admission.hpp"

#include <algorithm>
#include <cmath>
#include <ranges>
#include <set>
#include <vector>

namespace parley::server {
namespace {

constexpr double newest = 0.05;       // how much the newest value counts in a mean
constexpr double newest_pace = 0.02;  // the same of what comes with every token
constexpr int enough = 8;             // values that make a mean
constexpr double remembered = 600;    // seconds; then a load is tried anew: what slowed it may be over
constexpr double margin = 0.85;       // means are compared, and single answers vary around them
constexpr double hoped = 0.25;        // how much slower two at once are than one, until it is known
constexpr double spread = 2;          // standard deviations of a sum of waits that a promise leaves room for
constexpr double patience = 1;        // seconds beyond the time it was told that a place is kept for a client
constexpr double late = 1.1;          // of the time a place is expected to be free, so that it is
constexpr std::size_t most_promised = 4096, most_clients = 4096;
constexpr double shortest_retry = 0.05, longest_retry = 120;  // seconds

void blend(double& mean, double value) { mean = mean == 0 ? value : (1 - newest) * mean + newest * value; }

/// Of `offered` answers' worth of random arrivals, the part that finds all `places` taken: Erlang's loss formula.
double part_refused(int places, double offered) {
  double part = 1;
  for (int place = 1; place <= places; ++place) part = offered * part / (place + offered * part);
  return part;
}

/// The answers at once that are written on average when so many come that half of them are refused.
double kept_busy(int places) {
  double low = 0, high = 2.0 * places + 1;  // offered
  for (int halving = 0; halving < 40; ++halving) {
    double const middle = (low + high) / 2;
    (part_refused(places, middle) < 0.5 ? low : high) = middle;
  }
  return low / 2;
}

}  // namespace

void Admission::ByLoad::learn(std::size_t load, double value, double now) {
  auto& mean = means[std::min(load, most_known)];
  if (now - mean.at > remembered) mean = {};
  // The first values weigh alike; then it forgets.
  double const weight = std::max(newest_pace, 1.0 / (mean.count + 1));
  mean.value += weight * (value - mean.value);
  mean.at = now;
  mean.count = std::min(mean.count + 1, 1000);
}

bool Admission::ByLoad::knows(std::size_t load, double now) const {
  auto const& mean = means[std::min(load, most_known)];
  return mean.count >= enough && now - mean.at <= remembered;
}

double Admission::ByLoad::guess(std::size_t load, double now) const {
  load = std::min(load, most_known);
  if (knows(load, now)) return means[load].value;
  std::size_t below = load;
  while (below > 1 && !knows(below, now)) --below;
  if (!knows(below, now)) return 0;
  std::size_t lower = below - 1;
  while (lower > 1 && !knows(lower, now)) --lower;
  // Two known loads make a line. Beside one alone little growth is hoped for, so that more are tried and measured.
  double const slope = lower >= 1 && knows(lower, now)
                           ? (means[below].value - means[lower].value) / static_cast<double>(below - lower)
                           : means[below].value * hoped / static_cast<double>(below);
  return means[below].value + std::max(0.0, slope) * static_cast<double>(load - below);
}

double Admission::expected_time(std::size_t load, int tokens, double now) const {
  return first_.guess(load, now) + tokens * pace_.guess(load, now);
}

bool Admission::fits(std::size_t load, int tokens, double now) const {
  if (load <= 1 || limits_.slowdown <= 0) return true;
  if (!first_.knows(load - 1, now)) return false;  // one more than is known is tried, no further
  double const alone = expected_time(1, tokens, now);
  if (alone <= 0) return false;  // nothing is known: one at first
  return expected_time(load, tokens, now) <= std::max(1.0, limits_.slowdown * margin) * alone;
}

int Admission::places() const {
  if (limits_.slowdown <= 0) return static_cast<int>(most_known);
  std::size_t load = 1;
  auto const tokens = static_cast<int>(std::max(1.0, tokens_));
  while (load < most_known && fits(load + 1, tokens, now_)) ++load;
  return static_cast<int>(load);
}

double Admission::sustainable_rate() const {
  // Nobody waits, so that a place stands empty from the end of an answer to the next arrival.
  if (limits_.slowdown > 0) return duration_ > 0 ? kept_busy(places()) / duration_ : 0;
  return begin_interval_ > 0 ? 1 / begin_interval_ : 0;
}

/// Clients take turns: before one's next request, everybody else's as many as it has waiting itself, and that one.
std::size_t Admission::waiting_ahead_of(std::string const& client) const {
  std::map<std::string_view, std::size_t> waiting;
  for (auto const& live : live_ | std::views::values) {
    if (live.written == 0) ++waiting[live.client];
  }
  std::size_t const own = waiting[client];
  std::size_t ahead = own;
  for (auto const& [other, count] : waiting) {
    if (other != client) ahead += std::min(count, own + 1);
  }
  return ahead;
}

double Admission::expected_wait(std::string const& client, double now) const {
  if (writing_ == live_.size() || begin_interval_ <= 0) return 0;         // nobody waits
  auto const begins = static_cast<double>(waiting_ahead_of(client) + 1);  // the own one is the last
  double const since = now - last_begin_;  // nobody has begun for longer than usual: that is news
  return begins * std::max(begin_interval_, since / begins);
}

/// With others who were refused lately, a client holds no more than its part of the places.
bool Admission::is_over_share(std::string const& client, double now) {
  std::erase_if(refused_, [&](auto const& refused) { return now > refused.second; });
  std::set<std::string_view> asking;
  std::size_t own = 0;
  for (auto const& live : live_ | std::views::values) {
    asking.insert(live.client);
    own += live.client == client ? 1 : 0;
  }
  auto const holders = asking;
  for (auto const& refused : refused_ | std::views::keys) asking.insert(refused);
  asking.insert(client);
  if (asking.size() == 1) return false;
  auto const all = static_cast<std::size_t>(places());
  if (own >= std::max<std::size_t>(1, all / asking.size())) return true;
  if (all >= asking.size()) return false;
  // Fewer places than clients: who has none and whose last turn was longest ago is first.
  auto const turn = [&](std::string_view who) {
    auto const last = last_turn_.find(who);
    return last == last_turn_.end() ? Ticket{0} : last->second;
  };
  return std::ranges::any_of(refused_ | std::views::keys, [&](std::string const& other) {
    return other != client && !holders.contains(other) && turn(other) < turn(client);
  });
}

/// How many others have been told of a place before this client's next: they take turns here as well.
std::size_t Admission::promised_before(std::string const& client, double now) {
  for (auto& [who, times] : promised_) {
    while (!times.empty() && times.front() <= now) times.pop_front();
  }
  std::erase_if(promised_, [](auto const& promised) { return promised.second.empty(); });
  auto const mine = promised_.find(client);
  std::size_t const own = mine == promised_.end() ? 0 : mine->second.size();
  std::size_t before = own;
  for (auto const& [who, times] : promised_) {
    if (who != client) before += std::min(times.size(), own + 1);
  }
  return before;
}

/// Seconds until a place is free that nobody has been told of yet.
double Admission::next_free(std::string const& client, double now) {
  std::vector<double> ends;
  for (auto const& live : live_ | std::views::values) {
    double const pace = std::max(pace_.guess(live_.size(), now), 1e-3);
    double const to_begin = live.written == 0 ? first_.guess(live_.size(), now) : 0;
    ends.push_back(to_begin + pace * std::max(1, live.most - live.written));
  }
  if (ends.empty()) return shortest_retry;
  std::ranges::sort(ends);
  auto const turn = promised_before(client, now);
  return late * ends[turn % ends.size()] + static_cast<double>(turn / ends.size()) * std::max(duration_, ends.back());
}

double Admission::refuse(std::string const& client, double after, double now) {
  after = std::clamp(after, shortest_retry, longest_retry);
  if (promised_.size() > most_clients) promised_.clear();
  auto& times = promised_[client];
  if (times.size() < most_promised) times.insert(std::ranges::upper_bound(times, now + after), now + after);
  if (refused_.size() > most_clients) refused_.clear();
  refused_[client] = now + after + patience;
  return after;
}

std::expected<Admission::Ticket, double> Admission::arrive(std::string const& client, int tokens, double now) {
  now_ = now;
  if (limits_.slowdown > 0 && (!fits(live_.size() + 1, tokens, now) || is_over_share(client, now))) {
    return std::unexpected(refuse(client, next_free(client, now), now));
  }
  double const wait = expected_wait(client, now);
  // Waits vary about as much as they are long, and a sum of n of them by the root of n.
  double const surely = wait + spread * std::sqrt(wait * begin_interval_);
  if (limits_.longest_wait > 0 && surely > limits_.longest_wait) {
    double const queue = static_cast<double>(promised_before(client, now) + 1) * begin_interval_;
    return std::unexpected(refuse(client, surely - limits_.longest_wait + queue, now));
  }
  refused_.erase(client);
  if (tokens > 0) blend(tokens_, tokens);
  if (last_turn_.size() > most_clients) last_turn_.clear();
  last_turn_[client] = last_ticket_ + 1;
  live_[++last_ticket_] = {client, tokens, 0, now, now, live_.size() + 1};
  return last_ticket_;
}

void Admission::token(Ticket ticket, double now) {
  now_ = now;
  auto const found = live_.find(ticket);
  if (found == live_.end()) return;
  auto& live = found->second;
  if (live.written == 0) {
    ++writing_;
    // Since the one before began or, if that was longer ago, since it came itself.
    blend(begin_interval_, std::max(1e-4, now - std::max(last_begin_, live.came)));
    last_begin_ = now;
    if (live.most > 0) first_.learn(live.beside, now - live.came, now);
  } else if (live.most > 0) {
    pace_.learn(writing_, now - live.last, now);
  }
  ++live.written;
  live.last = now;
}

void Admission::leave(Ticket ticket, double now) {
  now_ = now;
  auto const found = live_.find(ticket);
  if (found == live_.end()) return;
  if (found->second.written > 0) {
    --writing_;
    blend(duration_, now - found->second.came);
  }
  live_.erase(found);
}

}  // namespace parley::server
