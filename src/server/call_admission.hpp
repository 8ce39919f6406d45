#pragma once
// How many calls the stages can bear: the rule, and nothing else. Whoever wants another one changes this file.
//
// All stages of all calls (hearing, thinking, speaking) share one machine and are computed in turn, the urgent first. What a
// turn costs them is measured; somebody in the middle of a talk takes a turn every `turn_every`; and urgent work waits the
// longer the less of the machine is free (at a load of ρ, ρ/(1-ρ) of its own length). So as many calls are let in as leave
// `most_load`, all of them talking. Should urgent work wait for long all the same, nobody is let in until it does not.
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace parley::server {

class CallAdmission {
 public:
  static constexpr double most_load = 0.7;
  static constexpr std::chrono::seconds turn_every{10};
  static constexpr std::chrono::milliseconds longest_wait{120};  ///< of a step of urgent work, on average
  static constexpr std::chrono::seconds memory{10};              ///< for how long a wait is held against the newcomers

  using Seconds = std::chrono::duration<double>;

  /// What a call takes before any has been measured.
  struct Needs {
    Seconds turn{0};      ///< of the machine, for one turn
    double standing = 0;  ///< share of the machine that a call takes though nobody says a word (voice activity)
  };
  explicit CallAdmission(Needs rehearsed) : standing_(rehearsed.standing), busy_(rehearsed.turn * guess_counts) {}

  /// What there is to see of the stages. All of it only grows.
  struct Seen {
    Seconds busy{0};          ///< urgent work done
    Seconds waited{0};        ///< that its steps waited, together
    std::uint64_t steps = 0;  ///< of it
    std::uint64_t turns = 0;  ///< that were answered
  };
  /// Times must not go back.
  void see(core::Instant now, Seen const& seen);

  /// How many calls can be borne, those that run included. At least one: while nobody is in a call there is nobody to be
  /// disturbed. One as well while urgent work has to wait: nobody is let in beside those that run.
  [[nodiscard]] int bearable(core::Instant now) const;

  [[nodiscard]] Seconds turn_cost() const { return busy_ / turns_; }

 private:
  static constexpr double guess_counts = 3;  ///< the rehearsal counts as much as so many turns
  static constexpr double forget = 0.98;     ///< with every turn; a change of manners is learned in some fifty

  double standing_;
  Seconds busy_;  ///< of the turns below
  double turns_ = guess_counts;
  Seen last_;
  core::Instant looked_ = core::Instant::min();
  core::Instant waited_long_ = core::Instant::min();  ///< when urgent work was last seen to wait too long
};

}  // namespace parley::server
