#pragma once
// What services far away did for one call: for their bills, and for asking their makers about it. A request may carry a ledger,
// and whoever serves it far away writes itself down, also when it fails or is given up.
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace parley::core {

struct ServiceUse {
  std::string service = {};  ///< its name in the configuration
  std::string product = {};  ///< what its price list calls it: a model's or a resource's id
  std::string log_id = {};   ///< the vendor's number of this exchange; may be empty
  std::string failure = {};  ///< the name of the error's code; empty: it went well
  int prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
  int characters = 0;                 ///< of text given to be spoken
  std::chrono::milliseconds heard{};  ///< of sound given to be recognised
  bool operator==(ServiceUse const&) const = default;
};

/// Thread-safe.
class Ledger {
 public:
  static constexpr std::size_t most = 10'000;  ///< not yet taken; the oldest stay

  void add(ServiceUse use) {
    std::lock_guard const lock(mutex_);
    if (uses_.size() < most) uses_.push_back(std::move(use));
  }
  /// Everything written since the last time.
  [[nodiscard]] std::vector<ServiceUse> take() {
    std::lock_guard const lock(mutex_);
    return std::exchange(uses_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<ServiceUse> uses_;
};

}  // namespace parley::core
