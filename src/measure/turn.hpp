#pragma once
// What one turn took. Seven stamps, from the user's last voiced sample to the first byte of the answer.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace parley::measure {

enum class Stamp {
  last_voice,        // the user's last voiced sample
  pause_seen,        // the pause was noticed and the transcript asked for
  final_transcript,  // the words are there
  commitment,        // the turn is taken to be over
  first_token,       // the model's first token
  first_sample,      // the synthesiser's first sample
  first_byte,        // handed to the socket or the speaker
};
inline constexpr int stamp_count = 7;
[[nodiscard]] std::string_view name(Stamp stamp) noexcept;

struct Turn {
  std::string user_item, reply_item;
  std::string user_text, reply_text;  ///< shown to the person at the call, never logged
  std::array<std::optional<core::Instant>, stamp_count> stamps{};

  /// What was computed for this turn, and how much of it was thrown away: the price of being early.
  struct Work {
    int transcripts = 0, transcripts_wasted = 0;
    int answers = 0, answers_wasted = 0;
  };
  Work work;

  void stamp(Stamp which, core::Instant at) {
    if (auto& slot = stamps[static_cast<std::size_t>(which)]; !slot) slot = at;
  }
  [[nodiscard]] std::optional<core::Instant> at(Stamp which) const { return stamps[static_cast<std::size_t>(which)]; }
  /// From the last voiced sample to the first byte: what the user waits.
  [[nodiscard]] std::optional<core::Duration> wait() const;
};

/// One JSON object, milliseconds since `last_voice`; no words in it.
[[nodiscard]] std::string to_json(Turn const& turn);

/// A picture of the stages for a terminal, `width` columns, one line a stage.
[[nodiscard]] std::string waterfall(Turn const& turn, int width = 72);

}  // namespace parley::measure
