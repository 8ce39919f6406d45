#pragma once
#include <algorithm>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace parley::cloud {

/// Whether a provider is worth asking. A value that is told the time: after some failures in a row nobody asks for a while,
/// then one may try; every further failure doubles the while, a success forgets it all. What only a person can mend (a wrong
/// key, a resource not granted) counts as many at once.
class Breaker {
 public:
  static constexpr int most_failures = 3;
  static constexpr core::Duration first_pause = std::chrono::seconds(5);
  static constexpr core::Duration longest_pause = std::chrono::minutes(2);
  static constexpr core::Duration trial_time = std::chrono::seconds(10);  ///< for the one who tries to come back

  /// True when this caller may ask; whoever is told so reports back with one of the others.
  [[nodiscard]] bool allow(core::Instant now) {
    if (failures_ < most_failures) return true;
    if (now < closed_until_) return false;
    closed_until_ = now + trial_time;  // for everybody else
    return true;
  }
  void success() {
    failures_ = 0;
    pause_ = first_pause;
  }
  void failure(core::Instant now, core::Code code) {
    if (code == core::Code::cancelled || code == core::Code::invalid || code == core::Code::too_large) return;
    bool const lasting = code == core::Code::permission || code == core::Code::not_found;
    failures_ = lasting ? most_failures : std::min(failures_ + 1, most_failures);
    if (failures_ < most_failures) return;
    closed_until_ = now + (lasting ? longest_pause : pause_);
    pause_ = std::min(pause_ * 2, longest_pause);
  }
  [[nodiscard]] core::Instant open_at() const { return failures_ < most_failures ? core::Instant{} : closed_until_; }

 private:
  int failures_ = 0;
  core::Duration pause_ = first_pause;
  core::Instant closed_until_{};
};

}  // namespace parley::cloud
