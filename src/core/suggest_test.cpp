#include "core/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace parley::core {
namespace {

std::string near(std::string_view typed) {
  std::vector<std::string> const words{"host", "port", "keys_from", "calls", "小禾"};
  return suggest(typed, words);
}

TEST(Suggest, FindsWhatAHandSlippedOver) {
  EXPECT_EQ(near("prot"), "port");  // two letters swapped are one slip
  EXPECT_EQ(near("hosts"), "host");
  EXPECT_EQ(near("key_from"), "keys_from");
  EXPECT_EQ(near("小和"), "小禾");
}

TEST(Suggest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(near("roles"), "");
  EXPECT_EQ(near("prto_x"), "");
  EXPECT_EQ(near(""), "");
}

}  // namespace
}  // namespace parley::core
