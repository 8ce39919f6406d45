#include "server/keys/rate_bucket.hpp"

#include <gtest/gtest.h>

#include <random>

namespace parley::server {
namespace {

TEST(RateBucket, TheWaitThatIsNamedIsEnoughAndNotTooMuch) {
  RateBucket bucket(60);
  double now = 1000;
  for (int i = 0; i < 60; ++i) EXPECT_EQ(bucket.take(1, now), 0);
  double const wait = bucket.take(1, now);
  EXPECT_NEAR(wait, 1, 1e-6);
  EXPECT_GT(bucket.take(1, now + wait - 0.01), 0);
  EXPECT_EQ(bucket.take(1, now + wait), 0);
  EXPECT_NEAR(bucket.seconds_until_full(now + wait), 60, 1e-6);
}

TEST(RateBucket, NoMoreThanTheLimitAndOneMinuteMoreInAnyTwoMinutes) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    RateBucket bucket(30);
    double now = 0;
    int passed = 0;
    while (now < 60) {
      now += std::exponential_distribution<>(4)(random);
      if (now < 60 && bucket.take(1, now) == 0) ++passed;
    }
    EXPECT_LE(passed, 60) << seed;
    EXPECT_GE(passed, 55) << seed;  // asked for far more than that
  }
}

TEST(RateBucket, MoreThanItHoldsPassesWhenItIsFullAndIsOwed) {
  RateBucket bucket(100);
  EXPECT_EQ(bucket.take(1024, 10), 0);
  EXPECT_EQ(bucket.left(10), 0);
  bucket.give_back(1024 - 40, 11);  // what was really used
  EXPECT_NEAR(bucket.left(11), 60 + 100.0 / 60, 1e-6);
  bucket.give_back(-200, 11);
  EXPECT_NEAR(bucket.take(1, 11), (1 + 200 - 60) * 0.6 - 1, 1e-6);
}

TEST(RateBucket, AClockThatIsSetBackGivesNothingAndTakesNothing) {
  RateBucket bucket(10);
  EXPECT_EQ(bucket.take(10, 1000), 0);
  EXPECT_EQ(bucket.left(900), 0);
  EXPECT_NEAR(bucket.left(930), 5, 1e-6);
}

TEST(RateBucket, WithoutALimitEverythingPasses) {
  RateBucket bucket;
  EXPECT_EQ(bucket.take(1e12, 1), 0);
  EXPECT_EQ(bucket.seconds_until_full(1), 0);
}

}  // namespace
}  // namespace parley::server
