#include "app/stage_watch.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/clock.hpp"

namespace parley::app {
namespace {

using core::Urgency;

// Everything that somebody in a call waits for.
constexpr std::array urgent{Urgency::running_dry, Urgency::first_sound, Urgency::final_transcript, Urgency::partial};

constexpr std::array<std::pair<Urgency, char const*>, core::urgency_levels> stages{
    {{Urgency::running_dry, "running_dry"},
     {Urgency::first_sound, "first_sound"},
     {Urgency::final_transcript, "final_transcript"},
     {Urgency::partial, "partial"},
     {Urgency::text, "text"},
     {Urgency::background, "background"}}};

engine::Arbiter::Load::Level const& level(engine::Arbiter::Load const& load, Urgency urgency) {
  return load.levels.at(static_cast<std::size_t>(urgency));
}

}  // namespace

int StageWatch::bearable(std::uint64_t turns) {
  auto const load = house_.arbiter().load();
  server::CallAdmission::Seen seen;
  for (auto const urgency : urgent) {
    auto const& stage = level(load, urgency);
    seen.busy += stage.busy;
    seen.waited += stage.waited;
    seen.steps += stage.steps;
  }
  seen.turns = turns;
  auto const now = core::Clock::now();
  std::lock_guard const lock(mutex_);
  admission_.see(now, seen);
  return admission_.bearable(now);
}

std::string StageWatch::metrics() const {
  auto const load = house_.arbiter().load();
  std::string busy =
      "# HELP parley_stage_busy_seconds_total The machine worked for this stage.\n"
      "# TYPE parley_stage_busy_seconds_total counter\n";
  std::string waited =
      "# HELP parley_stage_wait_seconds_total Steps of this stage waited for their turn.\n"
      "# TYPE parley_stage_wait_seconds_total counter\n";
  using Seconds = server::CallAdmission::Seconds;
  for (auto const& [urgency, name] : stages) {
    auto const& stage = level(load, urgency);
    busy += fmt::format("parley_stage_busy_seconds_total{{stage=\"{}\"}} {}\n", name, Seconds(stage.busy).count());
    waited += fmt::format("parley_stage_wait_seconds_total{{stage=\"{}\"}} {}\n", name, Seconds(stage.waited).count());
  }
  std::lock_guard const lock(mutex_);
  return busy + waited +
         fmt::format(
             "# HELP parley_turn_cost_seconds What a turn takes of the machine, as measured lately.\n"
             "# TYPE parley_turn_cost_seconds gauge\nparley_turn_cost_seconds {}\n",
             admission_.turn_cost().count());
}

}  // namespace parley::app
