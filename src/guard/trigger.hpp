#pragma once
// The first look: one pass of Vectorscan over the raw bytes that says where anything at all may stand. It errs to one side
// only: what a detector would find always triggers (gate_test.cpp compares). Ordinary prose passes at the speed of this pass.
#include <string>
#include <vector>

#include "guard/pattern_set.hpp"

namespace parley::guard {

/// What a hit says about the piece of text it stands in.
enum class Trigger : unsigned {
  any,          // something may stand here
  private_key,  // "-----BEGIN ": what follows may span many lines
  run,          // many letters, digits and the like in a row: worth a look if `may_be_secret` says so
  disguise,     // characters that hide others: anything may stand here
  injection,    // an injection phrase
};

/// `words`: expressions of word lists; `injection`: of injection phrases.
[[nodiscard]] core::Result<PatternSet> compile_triggers(std::vector<std::string> const& words,
                                                        std::vector<std::string> const& injection);

}  // namespace parley::guard
