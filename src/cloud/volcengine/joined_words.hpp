#pragma once
// Transcripts of the parts of an utterance, one after the other.
#include <algorithm>
#include <string>

#include "core/utf8.hpp"

namespace parley::cloud::volcengine {

[[nodiscard]] inline std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  text.erase(0, std::min(text.find_first_not_of(" \n"), text.size()));
  return text;
}

/// With a space between them unless one of the two is Chinese.
[[nodiscard]] inline std::string join(std::string const& before, std::string const& after) {
  if (before.empty() || after.empty()) return before + after;
  auto const wide = [](std::string const& text) { return core::guess_language(text) == "zh"; };
  return wide(before) || wide(after) ? before + after : before + " " + after;
}

}  // namespace parley::cloud::volcengine
