#pragma once
// How much more memory this process may take: the least of what the machine has free, what its control group leaves and what
// its address space leaves.
#include <cstdint>
#include <filesystem>
#include <string>

namespace parley::engine {

struct AvailableMemory {
  std::uint64_t bytes = 0;
  std::string limit;  ///< which of them it is: "machine", "cgroup", "address space"

  /// Without what the system takes of it for itself: stacks and arenas of threads in an address space, page tables elsewhere.
  [[nodiscard]] std::uint64_t usable() const noexcept;
};

/// `root`: where /proc and /sys lie, for tests. What cannot be read limits nothing; without anything it is 2^63 bytes.
/// Sources: MemAvailable of proc(5); memory.max and memory.current of cgroup v2, memory.limit_in_bytes and
/// memory.usage_in_bytes of v1, of the process's group and all above it; RLIMIT_AS less VmSize.
[[nodiscard]] AvailableMemory available_memory(std::filesystem::path const& root = "/");

/// Of this process now, and its highest so far (VmRSS, VmHWM); 0 where /proc is not to be had.
struct ResidentMemory {
  std::uint64_t now = 0, peak = 0;
};
[[nodiscard]] ResidentMemory resident_memory();

}  // namespace parley::engine
