#include "guard/grounding/answer_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/utf8.hpp"

namespace parley::guard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<language::Source> sources() {
  return {{"faq.md", "", "本产品保修期为三年。电池保修一年。", 100, 117, 2},
          {"en.md", "", "The warranty lasts three years.", 0, 31, 0}};
}

struct Released {
  std::vector<std::string> pieces;
  std::string text;
  language::Grounds grounds;
};

/// The answer, `step` characters at a time.
Released check(std::string const& answer, OnUnsupported what, std::size_t step = 1, std::vector<std::string> said = {}) {
  AnswerCheck checked(what, sources(), std::move(said), Policy{}.unverified);
  Released released;
  auto const points = core::decode_utf8(answer);
  for (std::size_t at = 0; at < points.size(); at += step) {
    released.pieces.push_back(checked.push(core::encode_utf8(points.substr(at, step))));
  }
  released.pieces.push_back(checked.finish());
  for (auto const& piece : released.pieces) released.text += piece;
  released.grounds = checked.grounds();
  return released;
}

std::string part(std::string const& text, std::size_t begin, std::size_t end) {
  return core::encode_utf8(core::decode_utf8(text).substr(begin, end - begin));
}

TEST(AnswerCheck, WhatIsNotSupportedIsReplacedInBothLanguages) {
  EXPECT_EQ(check("这款产品的保修期是三年。[1]电池的保修期是两年。[1]还有问题吗？", OnUnsupported::replace).text,
            "这款产品的保修期是三年。[1]抱歉，我无法验证该信息的准确性。还有问题吗？");
  EXPECT_EQ(check("The warranty lasts three years [2]. The warranty lasts five years.", OnUnsupported::replace).text,
            "The warranty lasts three years [2]. Sorry, I cannot verify that this is accurate.");
}

TEST(AnswerCheck, OrMarkedWhereItEndsAndTheRestLeavesAtOnce) {
  auto const soft = check("电池的保修期是两年。 [1]还有问题吗？", OnUnsupported::soften);
  EXPECT_EQ(soft.text, "电池的保修期是两年。 [1]（未经证实）还有问题吗？");
  EXPECT_EQ(soft.pieces[0], "电");
  auto const flagged = check("电池保修两年。", OnUnsupported::flag);
  EXPECT_EQ(flagged.text, "电池保修两年。");
  EXPECT_EQ(flagged.pieces[5], "年");
  ASSERT_EQ(flagged.grounds.claims.size(), 1U);
  auto const& claim = flagged.grounds.claims[0];
  EXPECT_THAT(claim.missing, ElementsAre("number"));
  EXPECT_EQ(claim.source, 1U);
  EXPECT_EQ(part(sources()[0].text, claim.source_begin, claim.source_end), "电池保修一年。");
  EXPECT_EQ(claim.begin, 0U);
  EXPECT_EQ(claim.end, 7U);
}

TEST(AnswerCheck, CitationsAreFoundHoweverTheTextIsCutAndThoseThatLeadNowhereAreGone) {
  std::string const answer = "保修期为三年[1][7]，a[0] 是数组[i]。The warranty lasts three years. [2] [12345]";
  for (auto const what : {OnUnsupported::off, OnUnsupported::flag, OnUnsupported::soften, OnUnsupported::replace}) {
    for (std::size_t const step : {1U, 2U, 3U, 5U, 100U}) {
      auto const released = check(answer, what, step);
      if (what != OnUnsupported::replace && what != OnUnsupported::soften) {
        EXPECT_EQ(released.text, "保修期为三年[1]，a[0] 是数组[i]。The warranty lasts three years. [2] [12345]");
      }
      for (auto const& one : released.grounds.citations) {
        EXPECT_EQ(part(released.text, one.begin, one.end), "[" + std::to_string(one.number) + "]");
      }
      if (what == OnUnsupported::flag) {
        EXPECT_EQ(released.grounds.citations.size(), 2U);
      }
      EXPECT_EQ(released.text, check(answer, what, 100).text) << "however it is cut";
      EXPECT_EQ(released.grounds, check(answer, what, 100).grounds);
      EXPECT_TRUE(released.grounds.whole);
    }
  }
}

TEST(AnswerCheck, ASentenceThatItsModelWasUnsureOfIsSaidToBeSo) {
  auto const claims = [](float logprob) {
    AnswerCheck checked(OnUnsupported::flag, sources(), {}, Policy{}.unverified);
    std::string const loose = "买来以后这款产品保修三年左右。", close = "电池保修一年。";
    for (auto const c : core::decode_utf8(loose)) {  // a token a character, the first in two
      auto const bytes = core::encode_utf8({&c, 1});
      std::vector<language::TokenScore> tokens{{{bytes.substr(0, 1), logprob / 2}, {}}, {{bytes.substr(1), logprob / 2}, {}}};
      (void)checked.push(bytes, tokens);
    }
    (void)checked.push(close);
    (void)checked.finish();
    return checked.grounds().claims;
  };
  auto const sure = claims(-0.1F), unsure = claims(-4);
  ASSERT_EQ(sure.size(), 2U);
  EXPECT_EQ(sure[0].verdict, "supported");
  EXPECT_EQ(unsure[0].verdict, "not_found");
  EXPECT_THAT(unsure[0].missing, ElementsAre("certainty"));
  EXPECT_EQ(unsure[1].verdict, "supported") << "of which nothing is known";
}

TEST(AnswerCheck, OffJudgesNothing) {
  auto const released = check("电池的保修期是两年。", OnUnsupported::off);
  EXPECT_EQ(released.text, "电池的保修期是两年。");
  EXPECT_THAT(released.grounds.claims, IsEmpty());
}

TEST(AnswerCheck, WithoutSourcesOnlyNumbersDatesAndNamesMustHaveBeenSaid) {
  auto const say = [](std::string const& answer) {
    AnswerCheck checked(OnUnsupported::replace, {}, {"你是小店客服，营业时间九点到十八点。", "订单4711到哪了"},
                        Policy{}.unverified);
    auto out = checked.push(answer);
    return out + checked.finish();
  };
  EXPECT_EQ(say("很高兴为大家服务，天气真不错。"), "很高兴为大家服务，天气真不错。");
  EXPECT_EQ(say("订单4711正在路上。"), "订单4711正在路上。");
  EXPECT_EQ(say("订单4712正在路上。"), "抱歉，我无法验证该信息的准确性。");
}

TEST(AnswerCheck, ALastSentenceOfSomebodyElseIsLeftAlone) {
  AnswerCheck checked(OnUnsupported::replace, sources(), {}, Policy{}.unverified);
  auto out = checked.push("检测到敏感信息输入");
  out += checked.finish(false);
  EXPECT_EQ(out, "检测到敏感信息输入");
}

}  // namespace
}  // namespace parley::guard
