#pragma once
// Where text may be cut without cutting a finding in two: behind sentence ends and lines. The rule looks at a few bytes before
// the place only, so a stream and a whole text are cut alike.
#include <cstddef>
#include <string_view>

namespace parley::guard {

/// Between text[at - 1] and text[at]; at > 0.
[[nodiscard]] bool is_break(std::string_view text, std::size_t at) noexcept;
/// The last break at or before `at`; 0 when there is none.
[[nodiscard]] std::size_t break_before(std::string_view text, std::size_t at) noexcept;
/// The first break at or behind `at` (> 0); the length of the text when there is none.
[[nodiscard]] std::size_t break_after(std::string_view text, std::size_t at) noexcept;

}  // namespace parley::guard
