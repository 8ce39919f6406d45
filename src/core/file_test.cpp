#include "core/file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/test_folder.hpp"

namespace parley::core {
namespace {

TEST(FileBytes, whole_and_as_they_are) {
  TestFolder const folder;
  auto const path = folder / "bytes";
  std::string const bytes("\0\r\n\xff", 4);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(file_bytes(path), bytes);
  std::ofstream(path, std::ios::binary | std::ios::trunc).close();
  EXPECT_EQ(file_bytes(path), "");
  std::filesystem::remove(path);
  EXPECT_EQ(file_bytes(path), std::nullopt);
  EXPECT_EQ(file_bytes(folder), std::nullopt);
}

}  // namespace
}  // namespace parley::core
