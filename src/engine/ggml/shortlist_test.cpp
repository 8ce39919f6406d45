#include "engine/ggml/shortlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace parley::engine {
namespace {

using Found = std::vector<std::pair<std::int32_t, float>>;
using ::testing::ElementsAre;
using ::testing::Pair;

/// Everything sorted: slow, and right.
Found by_sorting(std::vector<float> const& scores, std::size_t count) {
  Found all;
  for (std::size_t i = 0; i < scores.size(); ++i) all.emplace_back(static_cast<std::int32_t>(i), scores[i]);
  std::ranges::stable_sort(all, [](auto const& a, auto const& b) { return a.second > b.second; });
  all.resize(std::min(count, all.size()));
  return all;
}

TEST(Shortlist, HoldsTheHighestFirst) {
  EXPECT_THAT(highest(std::vector<float>{1, 5, -2, 3}, 2), ElementsAre(Pair(1, 5.0F), Pair(3, 3.0F)));
  EXPECT_THAT(highest(std::vector<float>{1, 5}, 9), ElementsAre(Pair(1, 5.0F), Pair(0, 1.0F)));
  EXPECT_THAT(highest(std::vector<float>{}, 3), ElementsAre());
  EXPECT_THAT(highest(std::vector<float>{1, 2}, 0), ElementsAre());
}

TEST(Shortlist, IsWhatSortingEverythingFinds) {
  std::mt19937 chance(3);
  for (std::size_t const size : {1U, 63U, 64U, 65U, 1000U, 20'003U}) {
    for (int const different : {1'000'000, 7}) {  // the second: hardly any score stands alone
      std::vector<float> scores(size);
      for (auto& each : scores)
        each = static_cast<float>(static_cast<int>(chance() % static_cast<unsigned>(different))) / 8 - 3;
      for (std::size_t const count : {1U, 40U, 104U, 999U})
        EXPECT_EQ(highest(scores, count), by_sorting(scores, count)) << size;
    }
  }
}

TEST(Shortlist, TakesScoresThatRuleATokenOut) {
  std::vector<float> scores(300, -std::numeric_limits<float>::infinity());
  scores[250] = -4;
  EXPECT_THAT(highest(scores, 2), ElementsAre(Pair(250, -4.0F), Pair(0, -std::numeric_limits<float>::infinity())));
}

}  // namespace
}  // namespace parley::engine
