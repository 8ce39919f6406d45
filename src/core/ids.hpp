#pragma once
// Numbers and names that tie things together.
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::core {

/// Every sound and every token carries the number of the reply it belongs to; what is not current is dropped at the last
/// hop before the socket. Numbers grow within one call and are never used again. 0 means none.
struct ReplyId {
  std::uint64_t value = 0;
  auto operator<=>(ReplyId const&) const = default;
};

/// One stretch of the user's speech, from voice to commitment (or to being thrown away). 0 means none.
struct UtteranceId {
  std::uint64_t value = 0;
  auto operator<=>(UtteranceId const&) const = default;
};

/// "item_" + 21 random characters of [0-9A-Za-z], the shape of OpenAI's ids. Thread-safe; from the system's entropy.
[[nodiscard]] std::string random_id(std::string_view prefix);

}  // namespace parley::core
