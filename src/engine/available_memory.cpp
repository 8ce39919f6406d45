#include "engine/available_memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

namespace parley::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t no_limit = std::uint64_t{1} << 63;

/// The number of kilobytes behind `name` in a file like /proc/meminfo, in bytes.
std::optional<std::uint64_t> kilobytes(fs::path const& file, std::string const& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name + ":")) continue;
    std::istringstream rest(line.substr(name.size() + 1));
    std::uint64_t value = 0;
    if (rest >> value) return value * 1024;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(fs::path const& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  if (in >> value) return value;  // "max" is none
  return std::nullopt;
}

/// What the groups from `group` up to the top leave.
std::uint64_t left_by_groups(fs::path const& top, fs::path group, char const* most, char const* used) {
  std::uint64_t left = no_limit;
  for (;;) {
    fs::path const folder = top / group.relative_path();
    auto const limit = number_in(folder / most);
    if (limit && *limit < no_limit) {
      auto const now = number_in(folder / used).value_or(0);
      left = std::min(left, *limit > now ? *limit - now : 0);
    }
    if (group.relative_path().empty()) return left;
    group = group.parent_path();
  }
}

std::uint64_t left_by_cgroup(fs::path const& root) {
  std::uint64_t left = no_limit;
  std::ifstream in(root / "proc/self/cgroup");  // "0::/user.slice" (v2), "4:memory:/docker/…" (v1)
  for (std::string line; std::getline(in, line);) {
    auto const first = line.find(':');
    auto const second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    auto const controllers = line.substr(first + 1, second - first - 1);
    fs::path const group = line.substr(second + 1);
    if (controllers.empty()) {
      left = std::min(left, left_by_groups(root / "sys/fs/cgroup", group, "memory.max", "memory.current"));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      left = std::min(left,
                      left_by_groups(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes"));
    }
  }
  return left;
}

std::uint64_t left_of_address_space(fs::path const& root) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return no_limit;
  auto const used = kilobytes(root / "proc/self/status", "VmSize").value_or(0);
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

}  // namespace

std::uint64_t AvailableMemory::usable() const noexcept {
  auto const kept = limit == "address space" ? std::uint64_t{256} << 20 : bytes / 20;
  return bytes - std::min(bytes, kept);
}

AvailableMemory available_memory(fs::path const& root) {
  AvailableMemory least{kilobytes(root / "proc/meminfo", "MemAvailable").value_or(no_limit), "machine"};
  if (auto const left = left_by_cgroup(root); left < least.bytes) least = {left, "cgroup"};
  if (auto const left = left_of_address_space(root); left < least.bytes) least = {left, "address space"};
  return least;
}

ResidentMemory resident_memory() {
  fs::path const file = "/proc/self/status";
  return {kilobytes(file, "VmRSS").value_or(0), kilobytes(file, "VmHWM").value_or(0)};
}

}  // namespace parley::engine
