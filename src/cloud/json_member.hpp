#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace parley::cloud {

/// What a service wrote in a member, whatever it wrote: services leave members out, and send numbers for texts.
/// A text, or an integer as text; else empty.
inline std::string text_at(nlohmann::json const& parent, char const* key) {
  auto const at = parent.find(key);
  if (at == parent.end()) return {};
  if (at->is_string()) return at->get<std::string>();
  return at->is_number_integer() ? at->dump() : std::string();
}

/// A number cut to whole and to ±10⁹, so that two of them can be added; 0 when there is none.
inline int number_at(nlohmann::json const& parent, char const* key) {
  auto const at = parent.find(key);
  if (at == parent.end() || !at->is_number()) return 0;
  return static_cast<int>(std::clamp(at->get<double>(), -1e9, 1e9));
}

}  // namespace parley::cloud
