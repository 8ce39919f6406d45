#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/grounded_model.hpp"

namespace parley::app {
namespace {

using ::testing::HasSubstr;

TEST(GroundedQuestionTest, PassagesAreNumberedCutAndInTheLanguageOfTheQuestion) {
  knowledge::Passage first;
  first.text = "退货期是七天。";
  knowledge::Passage second;
  for (int i = 0; i < 400; ++i) second.text += "长";
  auto const chinese = with_passages("怎么退货？", {first, second});
  EXPECT_THAT(chinese, HasSubstr("[1] 退货期是七天。\n[2] 长"));
  EXPECT_THAT(chinese, HasSubstr("长…\n只根据"));  // cut, and the rule follows the passages
  EXPECT_THAT(chinese, HasSubstr("\n问题：怎么退货？"));
  EXPECT_LT(chinese.size(), 1200U);
  EXPECT_THAT(with_passages("How do I return it?", {first}), HasSubstr("Question: How do I return it?"));
}

}  // namespace
}  // namespace parley::app
