#pragma once
#include <span>
#include <string>
#include <string_view>

namespace parley::core {

/// The candidate that a person who typed `word` most likely meant; empty when none is near (edit distance over code points).
[[nodiscard]] std::string suggest(std::string_view word, std::span<std::string const> candidates);

}  // namespace parley::core
