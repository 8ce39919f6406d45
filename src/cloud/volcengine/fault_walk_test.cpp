#include "cloud/volcengine/simulator/fault_walk.hpp"

#include <gmock/gmock.h>

namespace parley::cloud::volcengine {
namespace {

TEST(FaultWalk, EveryTurnEndsInAnAnswerAnApologyOrAReason) {
  auto const walk = fault_walk(600, 24, 20261125);
  ASSERT_TRUE(walk) << core::describe(walk.error());
  EXPECT_EQ(walk->hung, 0);
  EXPECT_EQ(walk->without_a_word, 0);
  EXPECT_EQ(walk->turns(), 600);
  EXPECT_GT(walk->answered, 400);
  for (std::size_t kind = 0; kind < walk->faults.size(); ++kind) EXPECT_GT(walk->faults.at(kind), 0) << kind;
}

}  // namespace
}  // namespace parley::cloud::volcengine
