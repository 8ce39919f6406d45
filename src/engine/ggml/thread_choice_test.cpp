#include "engine/ggml/thread_choice.hpp"

#include <gtest/gtest.h>

namespace parley::engine {
namespace {

using namespace std::chrono_literals;

TEST(ThreadChoice, AllCoresWhileTheMachineIsOurs) {
  ThreadChoice choice(4);
  core::Instant now{};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(choice.threads(now), 4);
    choice.took(5ms + std::chrono::milliseconds(i % 7), 1, now);
    now += 10ms;
  }
}

TEST(ThreadChoice, FewerWhenItIsCrowdedAndAllAgainLater) {
  ThreadChoice choice(4);
  core::Instant now{};
  choice.took(5ms, 1, now);
  choice.took(600ms, 1, now);
  EXPECT_EQ(choice.threads(now), 4) << "once is no crowd";
  choice.took(5ms, 1, now);
  choice.took(600ms, 1, now);
  choice.took(600ms, 1, now);
  EXPECT_EQ(choice.threads(now), 2);
  choice.took(300ms, 1, now);
  EXPECT_EQ(choice.threads(now), 1);
  choice.took(300ms, 1, now);  // slower it cannot choose
  EXPECT_EQ(choice.threads(now + 900ms), 1);
  EXPECT_EQ(choice.threads(now + 1001ms), 4);
}

TEST(ThreadChoice, WaitsLongerEachTimeItIsStillCrowded) {
  ThreadChoice choice(2);
  core::Instant now{};
  choice.took(5ms, 1, now);
  choice.took(500ms, 1, now);
  choice.took(500ms, 1, now);
  now += 1s;
  EXPECT_EQ(choice.threads(now), 2);
  choice.took(500ms, 1, now);
  EXPECT_EQ(choice.threads(now + 1900ms), 1);
  EXPECT_EQ(choice.threads(now + 2s), 2);
}

TEST(ThreadChoice, WorkThatHasBecomeLongerKeepsAllCores) {
  ThreadChoice choice(2);
  core::Instant now{};
  choice.took(5ms, 1, now);
  choice.took(25ms, 1, now);
  choice.took(25ms, 1, now);  // crowded, or is it?
  EXPECT_EQ(choice.threads(now), 1);
  choice.took(49ms, 1, now);  // half the threads, twice the time
  EXPECT_EQ(choice.threads(now), 2);
  for (int i = 0; i < 100; ++i) {
    choice.took(30ms, 1, now);
    EXPECT_EQ(choice.threads(now), 2);
  }
  choice.took(600ms, 1, now);
  choice.took(600ms, 1, now);
  EXPECT_EQ(choice.threads(now), 1);
  choice.took(60ms, 1, now);  // this time it was
  EXPECT_EQ(choice.threads(now), 1);
}

TEST(ThreadChoice, OneCoreIsOneThread) {
  ThreadChoice choice(1);
  choice.took(5ms, 1, {});
  choice.took(500ms, 1, {});
  choice.took(500ms, 1, {});
  EXPECT_EQ(choice.threads({}), 1);
}

}  // namespace
}  // namespace parley::engine
