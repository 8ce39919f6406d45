#pragma once
// So much a minute: a bucket that fills evenly. A value; it is told the time.
#include <algorithm>

namespace parley::server {

/// Full it holds `per_minute`; what was taken comes back evenly within a minute. Times are seconds on any clock that does not
/// run backwards for long; 0 a minute means no limit.
class RateBucket {
 public:
  explicit RateBucket(double per_minute = 0) : per_minute_(per_minute), level_(per_minute) {}

  /// Seconds until `amount` is there; 0: it has been taken. More than it ever holds is let through when it is full.
  [[nodiscard]] double take(double amount, double now) {
    if (per_minute_ <= 0) return 0;
    fill(now);
    double const wanted = std::min(amount, per_minute_);
    if (level_ + rounding < wanted) return (wanted - level_) * 60 / per_minute_;
    level_ -= amount;
    return 0;
  }
  /// What was taken and not used; negative: more was used than taken, and is owed.
  void give_back(double amount, double now) {
    if (per_minute_ <= 0) return;
    fill(now);
    level_ = std::min(per_minute_, level_ + amount);
  }
  [[nodiscard]] double left(double now) {
    fill(now);
    return std::max(0.0, level_);
  }
  [[nodiscard]] double seconds_until_full(double now) {
    if (per_minute_ <= 0) return 0;
    fill(now);
    return (per_minute_ - level_) * 60 / per_minute_;
  }

  [[nodiscard]] double per_minute() const { return per_minute_; }
  [[nodiscard]] double level() const { return level_; }
  [[nodiscard]] double at() const { return at_; }
  /// As it was left at a time before.
  void restore(double level, double at) {
    level_ = std::min(level, per_minute_);
    at_ = at;
  }
  /// Another limit: what was used of the old one stays used.
  void change(double per_minute) {
    level_ = std::min(per_minute, level_ + per_minute - per_minute_);
    per_minute_ = per_minute;
  }

 private:
  static constexpr double rounding = 1e-6;
  void fill(double now) {
    if (now > at_) level_ = std::min(per_minute_, level_ + (now - at_) * per_minute_ / 60);
    at_ = now;
  }
  double per_minute_, level_, at_ = 0;
};

}  // namespace parley::server
