// The rule of admission: tables, and a machine with callers under a virtual clock.
#include "server/call_admission.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <random>
#include <vector>

namespace parley::server {
namespace {

using namespace std::chrono_literals;
using Seconds = CallAdmission::Seconds;

core::Instant at(double s) { return core::Instant{} + 1h + std::chrono::duration_cast<core::Duration>(Seconds(s)); }

TEST(CallAdmission, as_many_as_the_measured_turn_leaves_room_for) {
  EXPECT_EQ(CallAdmission({.turn = 2.5s}).bearable(at(0)), 2);    // a quarter of the machine each
  EXPECT_EQ(CallAdmission({.turn = 0.25s}).bearable(at(0)), 28);  // a fortieth
  EXPECT_EQ(CallAdmission({.turn = 60s}).bearable(at(0)), 1) << "the first is never refused for what is only expected";
  EXPECT_GT(CallAdmission(CallAdmission::Needs{}).bearable(at(0)), 10'000)
      << "everything is far away: no stage of ours is in use";
  EXPECT_EQ(CallAdmission({.turn = 0s, .standing = 0.01}).bearable(at(0)), 70) << "voice activity alone";
}

TEST(CallAdmission, it_learns_what_turns_cost) {
  CallAdmission admission({.turn = 2.5s});
  CallAdmission::Seen seen;
  for (int i = 1; i <= 150; ++i) {
    seen.busy += 0.5s;
    ++seen.turns;
    admission.see(at(i), seen);
  }
  EXPECT_NEAR(admission.turn_cost().count(), 0.5, 0.1);
  EXPECT_GE(admission.bearable(at(150)), 12);
  for (int i = 151; i <= 300; ++i) {
    seen.busy += 5s;
    ++seen.turns;
    admission.see(at(i), seen);
  }
  EXPECT_EQ(admission.bearable(at(300)), 1);
}

TEST(CallAdmission, while_urgent_work_waits_nobody_is_let_in) {
  CallAdmission admission({.turn = 0.1s});
  CallAdmission::Seen seen;
  admission.see(at(0), seen);
  seen.steps += 100;
  seen.waited += 100 * 20ms;
  admission.see(at(2), seen);
  EXPECT_GT(admission.bearable(at(2)), 50);
  seen.steps += 100;
  seen.waited += 100 * 200ms;
  admission.see(at(4), seen);
  EXPECT_EQ(admission.bearable(at(4)), 1) << "the first one disturbs nobody";
  seen.steps += 100;
  seen.waited += 100 * 1ms;
  admission.see(at(9), seen);
  EXPECT_EQ(admission.bearable(at(9)), 1) << "one good second is not yet a good time";
  EXPECT_GT(admission.bearable(at(15)), 50);
}

/// One machine, urgent work in steps of 40 ms, first come first served. Callers arrive every second and are let in by the rule;
/// each takes a turn of 0.4 to 1.6 s of work every 8 to 12 s, and waits for its first two steps.
struct Evening {
  int admitted = 0, refused = 0;
  double p95_wait_s = 0, load = 0;
};

Evening live(std::uint64_t seed, bool with_rule, int callers) {
  std::mt19937_64 dice(seed);
  auto const number = [&](double from, double to) { return std::uniform_real_distribution<>(from, to)(dice); };
  struct Turn {
    double asked;
    double work;
    bool operator<(Turn const& other) const { return asked > other.asked; }
  };
  Evening evening;
  CallAdmission admission({.turn = 1s});
  CallAdmission::Seen seen;
  std::priority_queue<Turn> turns;
  std::vector<double> waits;
  double free_at = 0, worked = 0;
  constexpr double step = 0.04, end = 600;
  int arrivals = 0;
  while (true) {
    double const arrival = arrivals < callers ? arrivals : end;
    if (turns.empty() || arrival <= turns.top().asked) {
      if (arrival >= end) break;
      ++arrivals;
      admission.see(at(arrival), seen);
      if (with_rule && evening.admitted >= admission.bearable(at(arrival))) {
        ++evening.refused;
        continue;
      }
      ++evening.admitted;
      turns.push({arrival + number(0, 10), number(0.4, 1.6)});
      continue;
    }
    auto const turn = turns.top();
    turns.pop();
    if (turn.asked >= end) break;
    auto const begin = std::max(free_at, turn.asked);
    auto const steps = static_cast<std::uint64_t>(turn.work / step) + 1;
    waits.push_back(begin - turn.asked);
    seen.waited += Seconds(begin - turn.asked);  // the first step; the others follow at once
    seen.steps += steps;
    seen.busy += Seconds(turn.work);
    ++seen.turns;
    worked += turn.work;
    free_at = begin + turn.work;
    turns.push({std::max(turn.asked + number(8, 12), free_at), number(0.4, 1.6)});
  }
  std::ranges::sort(waits);
  evening.p95_wait_s = waits.empty() ? 0 : waits[waits.size() * 95 / 100];
  evening.load = worked / end;
  return evening;
}

TEST(CallAdmission, those_who_are_in_are_served_however_many_come) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto const evening = live(seed, true, 200);
    EXPECT_GE(evening.admitted, 4) << seed;
    EXPECT_LE(evening.admitted, 10) << seed;
    EXPECT_LT(evening.load, 0.9) << seed;
    EXPECT_LT(evening.p95_wait_s, 4.0) << seed;
    auto const without = live(seed, false, 200);
    EXPECT_GT(without.p95_wait_s, 20.0) << "without the rule everybody waits, seed " << seed;
  }
}

}  // namespace
}  // namespace parley::server
