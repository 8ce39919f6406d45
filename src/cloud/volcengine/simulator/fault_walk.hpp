#pragma once
// Many turns over two simulated services at once that break in every way they can: how each of them ends. For tests and
// benches.
#include <array>
#include <cstdint>
#include <vector>

#include "cloud/volcengine/simulator/random_faults.hpp"

namespace parley::cloud::volcengine {

struct FaultWalk {
  int answered = 0;        ///< heard, thought and spoken, by whichever of the services
  int apologised = 0;      ///< nobody could answer, and that was said aloud
  int not_understood = 0;  ///< nobody could hear it; the caller is told so
  int unspoken = 0;        ///< there was a text and nobody could speak it; the turn ended with a reason
  int without_a_word = 0;  ///< there was not even a text: must not happen
  int hung = 0;            ///< nothing came within `deadline`: must not happen
  double longest_ms = 0;
  std::array<int, fault_kinds> faults{};  ///< injected, by kind

  [[nodiscard]] int turns() const { return answered + apologised + not_understood + unspoken + without_a_word + hung; }
};

/// Every stage gives up by itself within a second or two; this is for those that do not.
inline constexpr std::chrono::seconds fault_walk_deadline{20};

/// `at_once`: turns under way at the same time. Real sockets on loopback, engines that know their lines.
[[nodiscard]] core::Result<FaultWalk> fault_walk(int turns, int at_once, std::uint32_t seed);

}  // namespace parley::cloud::volcengine
