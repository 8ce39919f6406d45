#pragma once
// Where a clause begins and ends: what is cut before it is spoken, and the silence that Kokoro puts around it.
#include <string>
#include <string_view>
#include <vector>

#include "audio/format.hpp"

namespace parley::engine {

/// Cuts symbols into pieces of at most `longest` > 0: after the last sentence mark that fits, else the last comma, else the
/// last space, else anywhere. Spaces at the cuts go. No piece is empty; joined they are the whole but for those spaces.
[[nodiscard]] std::vector<std::u32string> split_symbols(std::u32string_view symbols, std::size_t longest);

/// The pause that belongs after a clause which ends like this, in samples at 24 kHz: longest after a full stop.
[[nodiscard]] std::size_t pause_after(std::u32string_view symbols) noexcept;

/// Takes the silence off both ends of a clause that arrives in pieces. Silence inside it is held back until there is more to
/// hear, so it comes out whole. One thread at a time.
class SpeechEdges {
 public:
  static constexpr std::size_t hop = 240;     ///< 10 ms: silence is decided for so many samples at once
  static constexpr std::size_t lead = 720;    ///< 30 ms of the silence before the first sound are kept
  static constexpr float threshold = 0.002F;  ///< root mean square below which a hop is silent: -54 dB of full scale

  /// What can be heard now.
  [[nodiscard]] audio::Samples push(audio::Samples const& samples);
  /// The rest, with at most `pause` samples of the silence that was held back, less when there was less.
  [[nodiscard]] audio::Samples finish(std::size_t pause);

  [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }  ///< silent samples at the end so far
  [[nodiscard]] bool started() const noexcept { return started_; }

 private:
  audio::Samples partial_;  // less than a hop
  audio::Samples held_;
  bool started_ = false;
};

}  // namespace parley::engine
