#include "engine/available_memory.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/test_folder.hpp"

namespace parley::engine {
namespace {

namespace fs = std::filesystem;

class AvailableMemoryTest : public testing::Test {
 protected:
  AvailableMemoryTest() { write("proc/meminfo", "MemTotal:       16000 kB\nMemAvailable:    8000 kB\n"); }
  void write(std::string const& path, std::string const& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  core::TestFolder const root_;
};

constexpr std::uint64_t kib = 1024;

TEST_F(AvailableMemoryTest, the_machine_alone) {
  auto const memory = available_memory(root_);
  EXPECT_EQ(memory.bytes, 8000 * kib);
  EXPECT_EQ(memory.limit, "machine");
}

TEST_F(AvailableMemoryTest, the_tightest_group_above_counts) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  write("sys/fs/cgroup/a/memory.max", "4096000\n");
  write("sys/fs/cgroup/a/memory.current", "1024000\n");
  auto const memory = available_memory(root_);
  EXPECT_EQ(memory.bytes, 3000 * kib);
  EXPECT_EQ(memory.limit, "cgroup");
}

TEST_F(AvailableMemoryTest, version_one_of_groups_and_a_group_that_is_full) {
  write("proc/self/cgroup", "5:cpu,memory:/c\n4:pids:/c\n");
  write("sys/fs/cgroup/memory/c/memory.limit_in_bytes", "1000\n");
  write("sys/fs/cgroup/memory/c/memory.usage_in_bytes", "2000\n");
  EXPECT_EQ(available_memory(root_).bytes, 0U);
}

TEST_F(AvailableMemoryTest, what_cannot_be_read_limits_nothing) {
  fs::remove_all(root_);
  EXPECT_GE(available_memory(root_).bytes, std::uint64_t{1} << 40);
}

TEST(ResidentMemoryTest, is_that_of_this_process) {
  auto const memory = resident_memory();
  EXPECT_GT(memory.now, 1000 * kib);
  EXPECT_GE(memory.peak, memory.now);
}

}  // namespace
}  // namespace parley::engine
