#include "audio/g711.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace parley::audio {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(G711, ValuesOfTheStandard) {
  // Recommendation G.711, tables 1a and 2a: the largest, the smallest, and silence.
  auto const mu = from_g711(std::string("\x80\x00\xff\x7f", 4), G711::mu_law);
  EXPECT_FLOAT_EQ(mu[0] * 32768, 32124);
  EXPECT_FLOAT_EQ(mu[1] * 32768, -32124);
  EXPECT_FLOAT_EQ(mu[2], 0);
  EXPECT_FLOAT_EQ(mu[3], 0);
  auto const a = from_g711(std::string("\xaa\x2a\xd5\x55", 4), G711::a_law);
  EXPECT_FLOAT_EQ(a[0] * 32768, 32256);
  EXPECT_FLOAT_EQ(a[1] * 32768, -32256);
  EXPECT_FLOAT_EQ(a[2] * 32768, 8);
  EXPECT_FLOAT_EQ(a[3] * 32768, -8);
}

TEST(G711, EveryCodeComesBack) {
  for (auto const law : {G711::mu_law, G711::a_law}) {
    std::string const bytes = all_bytes();
    std::string again = to_g711(from_g711(bytes, law), law);
    if (law == G711::mu_law) again[0x7f] = 0x7f;  // the second zero
    EXPECT_EQ(again, bytes);
  }
}

TEST(G711, TheErrorIsAFewPercentOfTheSample) {
  for (auto const law : {G711::mu_law, G711::a_law}) {
    for (float level = -1; level <= 1; level += 0.0007F) {
      float const back = from_g711(to_g711(std::span(&level, 1), law), law).at(0);
      EXPECT_NEAR(back, level, 0.0005F + 0.035F * std::abs(level)) << level;
    }
  }
}

TEST(G711, WhatIsNoNumberIsSilence) {
  Samples const odd{std::numeric_limits<float>::quiet_NaN(), 5.0F, -5.0F};
  auto const back = from_g711(to_g711(odd, G711::mu_law), G711::mu_law);
  EXPECT_FLOAT_EQ(back[0], 0);
  EXPECT_GT(back[1], 0.97F);
  EXPECT_LT(back[2], -0.97F);
}

}  // namespace
}  // namespace parley::audio
