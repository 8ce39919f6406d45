#pragma once
#include "cloud/volcengine/simulator/simulator.hpp"

namespace parley::cloud::volcengine {

/// Every kind of fault by turns, in this share of all sessions, the same for the same seed. Empty when the share is 0.
[[nodiscard]] std::function<Fault(Product, std::uint64_t)> random_faults(double share, std::uint32_t seed);

inline constexpr int fault_kinds = 9;  ///< with `none`
[[nodiscard]] char const* name(Fault::Kind kind);

}  // namespace parley::cloud::volcengine
