#pragma once
// The first look: one pass of Vectorscan over the raw bytes that says where anything at all may stand. It errs to one side
// only: what a detector would find always triggers (gate_test.cpp compares). Ordinary prose passes at the speed of this pass.
#include <string>
#include <vector>

#include "guard/pattern_set.hpp"

namespace parley::guard {

/// `more`: expressions of word lists and injection phrases.
[[nodiscard]] core::Result<PatternSet> compile_triggers(std::vector<std::string> const& more);

/// The id of the trigger for "-----BEGIN ": what follows may span many lines.
inline constexpr unsigned private_key_trigger = 1;

}  // namespace parley::guard
