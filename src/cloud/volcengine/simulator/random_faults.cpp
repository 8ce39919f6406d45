#include "cloud/volcengine/simulator/random_faults.hpp"

#include <mutex>
#include <random>

namespace parley::cloud::volcengine {

std::function<Fault(Product, std::uint64_t)> random_faults(double share, std::uint32_t seed) {
  if (share <= 0) return {};
  struct Dice {
    std::mutex mutex;
    std::mt19937 random;
  };
  auto const dice = std::make_shared<Dice>();
  dice->random.seed(seed);
  return [dice, share](Product product, std::uint64_t) -> Fault {
    using Kind = Fault::Kind;
    static constexpr std::array kinds{Kind::refuse,       Kind::error_frame, Kind::session_failed, Kind::reset,
                                      Kind::reset_midway, Kind::stall,       Kind::half_frame,     Kind::wrong_compression};
    static constexpr std::array<std::uint32_t, 4> speech_codes{45000000, 45000081, 55000001, 55000031};
    static constexpr std::array<std::uint32_t, 3> chat_codes{429, 500, 503};
    std::lock_guard const lock(dice->mutex);
    if (std::uniform_real_distribution<>(0, 1)(dice->random) >= share) return {};
    auto const kind = kinds[dice->random() % kinds.size()];
    return {kind, product == Product::chat ? chat_codes[dice->random() % 3] : speech_codes[dice->random() % 4]};
  };
}

char const* name(Fault::Kind kind) {
  using enum Fault::Kind;
  switch (kind) {
    case none: return "none";
    case refuse: return "refuse";
    case error_frame: return "error_frame";
    case session_failed: return "session_failed";
    case reset: return "reset";
    case reset_midway: return "reset_midway";
    case stall: return "stall";
    case half_frame: return "half_frame";
    case wrong_compression: return "wrong_compression";
  }
  return "none";
}

}  // namespace parley::cloud::volcengine
