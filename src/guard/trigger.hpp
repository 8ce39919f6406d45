#pragma once
// The first look over the raw bytes that says where anything at all may stand: patterns (Vectorscan) and long runs. It errs to
// one side only: what a detector would find always triggers (gate_test.cpp compares). Ordinary prose passes at the speed of
// this.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/pattern_set.hpp"

namespace parley::guard {

/// What a hit says about the piece of text it stands in.
enum class Trigger : unsigned {
  any,          // something may stand here
  private_key,  // "-----BEGIN ": what follows may span many lines
  disguise,     // characters that hide others: anything may stand here
  injection,    // an injection phrase
};

/// `words`: expressions of word lists; `injection`: of injection phrases.
[[nodiscard]] core::Result<PatternSet> compile_triggers(std::vector<std::string> const& words,
                                                        std::vector<std::string> const& injection);

/// Calls `run` with each stretch of 20 bytes and more that are nothing but letters, digits and what keys and addresses have
/// between them, from the left. Looks at every twentieth byte where there is none.
void each_long_run(std::string_view text, std::function<void(std::size_t begin, std::size_t end)> const& run);

}  // namespace parley::guard
