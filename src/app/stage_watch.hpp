#pragma once
// What the stages of a house are doing, and so how many calls they can bear (server/call_admission.hpp).
#include <cstdint>
#include <mutex>
#include <string>

#include "app/house.hpp"
#include "server/call_admission.hpp"

namespace parley::app {

/// Thread-safe. The house is warm and outlives it.
class StageWatch {
 public:
  explicit StageWatch(House const& house) : house_(house), admission_(house.needs()) {}

  /// `turns` that were answered so far.
  [[nodiscard]] int bearable(std::uint64_t turns);
  /// Lines for /metrics.
  [[nodiscard]] std::string metrics() const;

 private:
  House const& house_;
  mutable std::mutex mutex_;
  server::CallAdmission admission_;
};

}  // namespace parley::app
