#include "server/call_admission.hpp"

#include <algorithm>
#include <cmath>

namespace parley::server {
namespace {

// A wait is an average over at least so much time: one slow step is no queue.
constexpr std::chrono::seconds between_looks{1};
constexpr double nobody_counts_further = 100'000;

}  // namespace

void CallAdmission::see(core::Instant now, Seen const& seen) {
  if (seen.turns > last_.turns) {
    auto const turns = static_cast<double>(seen.turns - last_.turns);
    double const kept = std::pow(forget, turns);
    busy_ = busy_ * kept + (seen.busy - last_.busy);
    turns_ = turns_ * kept + turns;
    last_.busy = seen.busy;
    last_.turns = seen.turns;
  }
  if (looked_ != core::Instant::min() && now - looked_ < between_looks) return;
  looked_ = now;
  auto const steps = seen.steps - last_.steps;
  if (steps > 0 && (seen.waited - last_.waited) / static_cast<double>(steps) > longest_wait) waited_long_ = now;
  last_.steps = seen.steps;
  last_.waited = seen.waited;
}

int CallAdmission::bearable(core::Instant now) const {
  if (waited_long_ != core::Instant::min() && now - waited_long_ < memory) return 1;
  double const share = turn_cost() / Seconds(turn_every) + standing_;
  double const fit = share > 0 ? most_load / share : nobody_counts_further;
  return static_cast<int>(std::clamp(std::floor(fit + 1e-9), 1.0, nobody_counts_further));
}

}  // namespace parley::server
