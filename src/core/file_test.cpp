#include "core/file.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace parley::core {
namespace {

TEST(FileBytes, whole_and_as_they_are) {
  auto const path = std::filesystem::path(testing::TempDir()) / "file_bytes_test";
  std::string const bytes("\0\r\n\xff", 4);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(file_bytes(path), bytes);
  std::ofstream(path, std::ios::binary | std::ios::trunc).close();
  EXPECT_EQ(file_bytes(path), "");
  std::filesystem::remove(path);
  EXPECT_EQ(file_bytes(path), std::nullopt);
  EXPECT_EQ(file_bytes(testing::TempDir()), std::nullopt);
}

}  // namespace
}  // namespace parley::core
