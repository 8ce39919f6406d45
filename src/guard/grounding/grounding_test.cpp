#include "guard/grounding/grounding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <map>
#include <random>

#include "guard/grounding/facts.hpp"

namespace parley::guard {
namespace {

using testing::ElementsAre;

std::vector<std::string> forms(std::string const& text) {
  std::vector<std::string> out;
  for (auto const& fact : facts_of(normalise(text))) out.push_back(fact.form);
  return out;
}

TEST(Facts, OneFormHoweverWritten) {
  EXPECT_THAT(forms("三百五十万元"), ElementsAre("3500000"));
  EXPECT_THAT(forms("3.5 million dollars"), ElementsAre("3500000"));
  EXPECT_THAT(forms("3,500,000 and 350万"), ElementsAre("3500000", "3500000"));
  EXPECT_THAT(forms("three hundred and twenty-five people"), ElementsAre("325"));
  EXPECT_THAT(forms("百分之二十，20%，20 percent"), ElementsAre("20%", "20%", "20%"));
  EXPECT_THAT(forms("三点五亿"), ElementsAre("350000000"));
  EXPECT_THAT(forms("2024年5月3日，二〇二四年五月三日，2024-05-03"), ElementsAre("2024-5-3", "2024-5-3", "2024-5-3"));
  EXPECT_THAT(forms("on May 3, 2024 and 3rd May 2024 and in May 2024"), ElementsAre("2024-5-3", "2024-5-3", "2024-5-"));
  EXPECT_THAT(forms("五月三号上午 10:30"), ElementsAre("-5-3", "10:30"));
  EXPECT_THAT(forms("The engineer Ada Lovelace wrote 《红楼梦》 about GPT-4."), ElementsAre("ada lovelace", "红楼梦", "gpt-4"));
  EXPECT_THAT(forms("一些人十分统一"), testing::IsEmpty());
  EXPECT_THAT(forms("有三个人，一共两万"), ElementsAre("3", "20000"));
}

TEST(Grounding, EachSentenceWithItsEvidence) {
  std::vector<std::string> const passages{"本产品保修期为三年。电池保修一年。", "客服热线工作时间为 9:00 到 18:00。"};
  auto const verdict = ground("您好！这款产品的保修期是3年。电池的保修期是两年。", passages, {});
  ASSERT_EQ(verdict.sentences.size(), 3U);
  EXPECT_EQ(verdict.sentences[0].support, Support::no_claim);
  EXPECT_EQ(verdict.sentences[1].support, Support::supported);
  ASSERT_TRUE(verdict.sentences[1].evidence);
  EXPECT_EQ(verdict.sentences[1].evidence->source, 0U);
  EXPECT_EQ(verdict.sentences[1].evidence->end, 10U);
  EXPECT_NE(verdict.sentences[2].support, Support::supported);
  ASSERT_EQ(verdict.sentences[2].unsupported.size(), 1U);
  EXPECT_EQ(verdict.sentences[2].unsupported[0].kind, "number");
  EXPECT_DOUBLE_EQ(verdict.supported_share(), 0.5);
}

TEST(Grounding, TheConversationCounts) {
  EXPECT_TRUE(
      ground("Your order number 4711 is on its way.", {}, {"My order number is 4711, where is it on its way?"}).grounded());
  EXPECT_FALSE(
      ground("Your order number 4712 is on its way.", {}, {"My order number is 4711, where is it on its way?"}).grounded());
  EXPECT_TRUE(ground("Hello! How can I help you?", {}, {}).grounded());
  EXPECT_TRUE(ground("", {}, {}).grounded());
}

TEST(Grounding, WhereWordsAreNotVeryAlikeTheModelMustHaveBeenSure) {
  std::vector<std::string> const passages{"本产品保修期为三年，电池除外，请保留发票。"};
  std::string const loose = "这款产品买来之后保修三年左右吧。", close = "本产品保修期为三年。";
  auto const support = [&](std::string const& answer, std::optional<double> logprob) {
    GroundingOptions options;
    options.mean_logprob = logprob;
    return ground(answer, passages, {}, options).sentences.at(0);
  };
  EXPECT_EQ(support(loose, std::nullopt).support, Support::supported);
  EXPECT_EQ(support(loose, -0.2).support, Support::supported);
  auto const unsure = support(loose, -3);
  EXPECT_EQ(unsure.support, Support::not_found);
  ASSERT_EQ(unsure.unsupported.size(), 1U);
  EXPECT_EQ(unsure.unsupported[0].kind, "certainty");
  EXPECT_EQ(support(close, -3).support, Support::supported) << "its words stand there";
}

TEST(Grounding, WhatIsDoneAboutIt) {
  Sentences const unverified{"抱歉，我无法验证该信息的准确性", "Sorry, I cannot verify that."};
  std::vector<std::string> const passages{"长江全长约6300公里，是亚洲最长的河流。"};
  std::string const answer = "长江全长6300公里。它由王小明在1998年发现。也由李四在1999年测量。欢迎再问。";
  auto const verdict = ground(answer, passages, {});
  EXPECT_EQ(apply(answer, verdict, OnUnsupported::flag, unverified), answer);
  EXPECT_EQ(apply(answer, verdict, OnUnsupported::replace, unverified),
            "长江全长6300公里。抱歉，我无法验证该信息的准确性。欢迎再问。");
  EXPECT_EQ(apply(answer, verdict, OnUnsupported::soften, unverified),
            "长江全长6300公里。它由王小明在1998年发现。（未经证实）也由李四在1999年测量。（未经证实）欢迎再问。");
}

// ---- a generated set: facts put into sources and told again in other words, rightly or with one thing changed
// ----------------------

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}
  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  template <std::size_t N>
  std::string pick(std::array<char const*, N> const& list) {
    return list[static_cast<std::size_t>(number(0, N - 1))];
  }

  struct Case {
    std::vector<std::string> passages;
    std::string right, altered, kind;
  };

  Case chinese() {
    static constexpr std::array surnames{"张", "李", "王", "赵", "陈", "周", "吴", "孙"};
    static constexpr std::array given{"建国", "晓梅", "志强", "丽华", "海燕", "文博", "雨桐", "子涵"};
    static constexpr std::array companies{"蓝海科技公司", "远山机械厂", "东方纺织集团", "春风食品公司"};
    static constexpr std::array products{"智能水表", "折叠自行车", "空气净化器", "儿童手表"};
    auto const company = pick(companies), product = pick(products);
    auto const who = pick(surnames) + pick(given);
    std::string other;
    do other = pick(surnames) + pick(given);
    while (other.substr(0, 3) == who.substr(0, 3) || other.substr(3) == who.substr(3));
    int const year = number(1950, 2015), month = number(1, 12), day = number(1, 28), people = number(21, 9000),
              price = number(11, 999);
    Case c;
    c.passages = {company + "成立于" + date_zh(year, month, day) + "，创始人是" + who + "。公司现有员工" +
                      std::to_string(people) + "人。",
                  product + "的售价为" + std::to_string(price) + "元，由" + company + "生产。",
                  "天气预报说明天有小雨，出门请带伞。"};
    switch (number(0, 3)) {
      case 0:
        c.kind = "number";
        c.right = company + "现在有" + std::to_string(people) + "名员工。";
        c.altered = company + "现在有" + std::to_string(people + number(1, 900)) + "名员工。";
        break;
      case 1:
        c.kind = "number";
        c.right = product + "卖" + std::to_string(price) + "元。";
        c.altered = product + "卖" + std::to_string(price + number(1, 90)) + "元。";
        break;
      case 2:
        c.kind = "date";
        c.right = company + "是" + date_zh(year, month, day) + "成立的。";
        c.altered = company + "是" +
                    (number(0, 1) == 0 ? date_zh(year + number(1, 9), month, day) : date_zh(year, month % 12 + 1, day)) +
                    "成立的。";
        break;
      default:
        c.kind = "name";
        c.right = company + "的创始人是" + who + "。";
        c.altered = company + "的创始人是" + other + "。";
    }
    return c;
  }

  Case english() {
    static constexpr std::array first{"Alice", "Robert", "Maria", "Kenji", "Fatima", "Oliver", "Ingrid", "Pedro"};
    static constexpr std::array last{"Walker", "Nakamura", "Rossi", "Hansen", "Okafor", "Dubois", "Novak", "Silva"};
    static constexpr std::array towns{"Riverton", "Maplewood", "Oakham", "Stonebridge"};
    static constexpr std::array things{"library", "bridge", "museum", "concert hall"};
    static constexpr std::array months{"January", "March", "April", "June", "July", "October", "December"};
    auto const town = pick(towns), thing = pick(things), month = pick(months);
    auto const who = pick(first) + " " + pick(last);
    std::string other;
    do other = pick(first) + " " + pick(last);
    while (other == who);
    int const day = number(1, 28), year = number(1850, 2015), cost = number(11, 99), visitors = number(1100, 90000);
    Case c;
    c.passages = {"The " + town + " " + thing + " was opened on " + month + " " + std::to_string(day) + ", " +
                      std::to_string(year) + ". It was designed by " + who + ".",
                  "Building the " + town + " " + thing + " cost " + std::to_string(cost) + " million dollars. The " + thing +
                      " in " + town + " has " + std::to_string(visitors) + " visitors a year.",
                  "Bring an umbrella, it may rain tomorrow."};
    switch (number(0, 3)) {
      case 0:
        c.kind = "number";
        c.right = "The " + thing + " in " + town + " cost $" + std::to_string(cost) + " million to build.";
        c.altered = "The " + thing + " in " + town + " cost $" + std::to_string(cost + number(1, 60)) + " million to build.";
        break;
      case 1:
        c.kind = "number";
        c.right = "Each year " + std::to_string(visitors) + " people are visitors of the " + town + " " + thing + ".";
        c.altered = "Each year " + std::to_string(visitors + number(1, 5000)) + " people are visitors of the " + town + " " +
                    thing + ".";
        break;
      case 2:
        c.kind = "date";
        c.right =
            "The " + town + " " + thing + " opened on " + std::to_string(day) + " " + month + " " + std::to_string(year) + ".";
        c.altered = "The " + town + " " + thing + " opened on " + std::to_string(day % 28 + 1) + " " + month + " " +
                    std::to_string(year) + ".";
        break;
      default:
        c.kind = "name";
        c.right = who + " designed the " + thing + " in " + town + ".";
        c.altered = other + " designed the " + thing + " in " + town + ".";
    }
    return c;
  }

 private:
  static std::string date_zh(int year, int month, int day) {
    return std::to_string(year) + "年" + std::to_string(month) + "月" + std::to_string(day) + "日";
  }
  std::mt19937 random_;
};

TEST(Grounding, GeneratedSetOfRightAndAlteredAnswers) {
  Maker maker(42);
  std::map<std::string, std::pair<int, int>> caught;  // kind → caught, all
  int false_alarms = 0, right = 0;
  std::string examples;
  for (int i = 0; i < 2000; ++i) {
    bool const zh = i % 2 == 0;
    auto const c = zh ? maker.chinese() : maker.english();
    ++right;
    if (!ground(c.right, c.passages, {}).grounded()) {
      ++false_alarms;
      if (examples.size() < 1000) examples += "\nfalse alarm: " + c.right + " ← " + c.passages[0] + c.passages[1];
    }
    auto& [found, all] = caught[(zh ? "zh " : "en ") + c.kind];
    ++all;
    if (!ground(c.altered, c.passages, {}).grounded())
      ++found;
    else if (examples.size() < 1000)
      examples += "\nmissed: " + c.altered + " ← " + c.passages[0] + c.passages[1];
  }
  int found = 0;
  for (auto const& [kind, counts] : caught) {
    RecordProperty(kind, std::to_string(counts.first) + "/" + std::to_string(counts.second));
    std::cout << kind << ": caught " << counts.first << " of " << counts.second << "\n";
    found += counts.first;
    EXPECT_GE(counts.first, counts.second * (kind.ends_with("number") ? 0.95 : 0.9)) << kind << examples;
  }
  double const precision = static_cast<double>(found) / (found + false_alarms);
  std::cout << "recall " << found / 2000.0 << ", precision " << precision << " over " << right << " pairs\n";
  EXPECT_GE(precision, 0.95) << examples;
}

}  // namespace
}  // namespace parley::guard
