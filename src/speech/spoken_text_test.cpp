#include "speech/spoken_text.hpp"

#include <gtest/gtest.h>

#include "core/utf8.hpp"
#include "speech/number_words.hpp"

namespace parley::speech {
namespace {

struct Pair {
  char const* written;
  char const* spoken;
};

class Chinese : public testing::TestWithParam<Pair> {};
TEST_P(Chinese, IsSpokenAs) { EXPECT_EQ(spoken_text(GetParam().written, "zh"), GetParam().spoken) << GetParam().written; }

INSTANTIATE_TEST_SUITE_P(Numbers, Chinese,
                         testing::Values(Pair{"1024", "一千零二十四"}, Pair{"一共10个", "一共十个"}, Pair{"100000", "十万"},
                                         Pair{"1,024人", "一千零二十四人"}, Pair{"20000", "两万"}, Pair{"2024", "两千零二十四"},
                                         Pair{"14亿人", "十四亿人"}, Pair{"1500000000", "十五亿"}, Pair{"3.14", "三点一四"},
                                         Pair{"0", "零"}, Pair{"-5", "负五"}, Pair{"3-5天", "三到五天"},
                                         Pair{"10~20公里", "十到二十公里"}, Pair{"5%", "百分之五"},
                                         Pair{"10%-20%", "百分之十到百分之二十"}, Pair{"3‰", "千分之三"},
                                         Pair{"1/2", "二分之一"}, Pair{"3:1", "三比一"}, Pair{"第3名", "第三名"},
                                         Pair{"１２个", "十二个"}, Pair{"10010000", "一千零一万"},
                                         Pair{"10000001", "一千万零一"}));

INSTANTIATE_TEST_SUITE_P(TwoThings, Chinese,
                         testing::Values(Pair{"2个苹果", "两个苹果"}, Pair{"2天后", "两天后"}, Pair{"2月2日", "二月二日"},
                                         Pair{"第2个", "第二个"}, Pair{"12个", "十二个"}, Pair{"2km", "两公里"},
                                         Pair{"2年级", "二年级"}, Pair{"2:30", "两点三十分"}, Pair{"2楼", "二楼"},
                                         Pair{"2 小时", "两 小时"}, Pair{"1+2=3", "一加二等于三"}));

INSTANTIATE_TEST_SUITE_P(DatesAndTimes, Chinese,
                         testing::Values(Pair{"2024年3月5日", "二零二四年三月五日"}, Pair{"2024-03-05", "二零二四年三月五日"},
                                         Pair{"2024/12/31", "二零二四年十二月三十一日"}, Pair{"2000年前", "两千年前"},
                                         Pair{"1990-1995年", "一九九零到一九九五年"}, Pair{"80年代", "八十年代"},
                                         Pair{"8:30", "八点三十分"}, Pair{"8:05", "八点零五分"}, Pair{"20:00", "二十点"},
                                         Pair{"9:00-18:30", "九点到十八点三十分"}, Pair{"12:30:15", "十二点三十分十五秒"}));

INSTANTIATE_TEST_SUITE_P(Citations, Chinese,
                         testing::Values(Pair{"九点开门[1]。", "九点开门。"}, Pair{"七天[1][2, 3]内", "七天内"}));

INSTANTIATE_TEST_SUITE_P(MoneyAndUnits, Chinese,
                         testing::Values(Pair{"¥3.5", "三点五元"}, Pair{"￥3.50", "三点五元"}, Pair{"$12.50", "十二点五美元"},
                                         Pair{"€20", "二十欧元"}, Pair{"¥3万", "三万元"}, Pair{"¥5元", "五元"},
                                         Pair{"$100-200", "一百到二百美元"}, Pair{"25℃", "二十五摄氏度"},
                                         Pair{"-5℃", "零下五摄氏度"}, Pair{"60km/h", "六十公里每小时"}, Pair{"5 kg", "五公斤"},
                                         Pair{"100m²", "一百平方米"}, Pair{"3m", "三米"}, Pair{"3mm", "三毫米"}));

INSTANTIATE_TEST_SUITE_P(NamesOfDigits, Chinese,
                         testing::Values(Pair{"13812345678", "幺三八幺二三四五六七八"},
                                         Pair{"138-1234-5678", "幺三八，幺二三四，五六七八"},
                                         Pair{"010-62345678", "零幺零，六二三四五六七八"},
                                         Pair{"请拨打12306", "请拨打幺二三零六"},
                                         Pair{"验证码是482913", "验证码是四八二九幺三"}, Pair{"007", "零零七"},
                                         Pair{"GPT-4", "GPT-四"}, Pair{"T430", "T四三零"}, Pair{"iPhone15", "iPhone十五"},
                                         Pair{"192.168.1.1", "一百九十二点一六八点一点一"}));

INSTANTIATE_TEST_SUITE_P(ForTheEye, Chinese,
                         testing::Values(Pair{"**重点**是", "重点是"}, Pair{"# 标题", "标题"},
                                         Pair{"- 苹果\n- 香蕉", "苹果，香蕉"}, Pair{"好的😀！", "好的！"},
                                         Pair{"见[官网](https://a.cn/x)。", "见官网。"},
                                         Pair{"访问https://www.example.com/a?b=1。", "访问example 点 com。"},
                                         Pair{"`代码`", "代码"}, Pair{"A&B", "A和B"}, Pair{"```python\n", ""}, Pair{"", ""},
                                         Pair{"他说：“好。”", "他说：“好。”"}));

class English : public testing::TestWithParam<Pair> {};
TEST_P(English, IsSpokenAs) { EXPECT_EQ(spoken_text(GetParam().written, "en"), GetParam().spoken) << GetParam().written; }

INSTANTIATE_TEST_SUITE_P(Numbers, English,
                         testing::Values(Pair{"1024", "one thousand twenty-four"},
                                         Pair{"1,000,000 people", "one million people"}, Pair{"3.14", "three point one four"},
                                         Pair{"-5", "minus five"}, Pair{"3-5 days", "three to five days"},
                                         Pair{"50%", "fifty percent"}, Pair{"1/2", "one half"}, Pair{"3/4", "three quarters"},
                                         Pair{"2/3", "two thirds"}, Pair{"24/7", "twenty-four seven"},
                                         Pair{"the 21st", "the twenty-first"}, Pair{"12th", "twelfth"},
                                         Pair{"20th", "twentieth"}, Pair{"2 + 2 = 4", "two plus two equals four"},
                                         Pair{"2+2=4", "two plus two equals four"}, Pair{"5 - 3", "five minus three"},
                                         Pair{"#1", "number one"}, Pair{"0.5", "zero point five"}));

INSTANTIATE_TEST_SUITE_P(
    DatesAndTimes, English,
    testing::Values(Pair{"2024-03-05", "March fifth, twenty twenty-four"}, Pair{"3/5/2024", "March fifth, twenty twenty-four"},
                    Pair{"March 5, 2024.", "March fifth, twenty twenty-four."}, Pair{"May 1", "May first"},
                    Pair{"in 1999", "in nineteen ninety-nine"}, Pair{"since 2005", "since two thousand five"},
                    Pair{"the 1990s", "the nineteen nineties"}, Pair{"1914-1918", "nineteen fourteen to nineteen eighteen"},
                    Pair{"8:30", "eight thirty"}, Pair{"8:00", "eight o'clock"}, Pair{"8:05 pm", "eight oh five PM"},
                    Pair{"at 9am", "at nine AM"}, Pair{"9 a.m.", "nine AM."},
                    Pair{"In 2024 words", "In twenty twenty-four words"},
                    Pair{"2024 people", "two thousand twenty-four people"}));

INSTANTIATE_TEST_SUITE_P(MoneyAndUnits, English,
                         testing::Values(Pair{"$12.50", "twelve dollars and fifty cents"}, Pair{"$1", "one dollar"},
                                         Pair{"$0.99", "ninety-nine cents"},
                                         Pair{"$1.5 million", "one point five million dollars"},
                                         Pair{"$5M", "five million dollars"}, Pair{"€20", "twenty euros"},
                                         Pair{"£1.01", "one pound and one penny"}, Pair{"¥3.5", "three point five yuan"},
                                         Pair{"5km", "five kilometers"}, Pair{"1 km away", "one kilometer away"},
                                         Pair{"20°C", "twenty degrees Celsius"}, Pair{"60 mph", "sixty miles per hour"},
                                         Pair{"8GB", "eight gigabytes"}, Pair{"3D", "three D"}));

INSTANTIATE_TEST_SUITE_P(Names, English,
                         testing::Values(Pair{"555-123-4567", "five five five, one two three, four five six seven"},
                                         Pair{"+1 415 555 2671", "plus one, four one five, five five five, two six seven one"},
                                         Pair{"(415) 555-2671", "four one five, five five five, two six seven one"},
                                         Pair{"GPT-4", "GPT-four"}, Pair{"version 1.2.3", "version one point two point three"},
                                         Pair{"Dr. Smith vs. Mr. Jones", "Doctor Smith versus Mister Jones"},
                                         Pair{"e.g. this", "for example this"}, Pair{"apples, etc.", "apples, et cetera."},
                                         Pair{"C++ and C#", "C plus plus and C sharp"}, Pair{"No. 5", "number five"},
                                         Pair{"me@site.com", "me at site.com"}, Pair{"R&D", "R and D"}));

INSTANTIATE_TEST_SUITE_P(ForTheEye, English,
                         testing::Values(Pair{"**Bold** and _italic_", "Bold and italic"},
                                         Pair{"## Title\ntext", "Title, text"}, Pair{"* one\n* two", "one, two"},
                                         Pair{"See [docs](http://x.y/z).", "See docs."},
                                         Pair{"https://www.example.com/path", "example dot com"},
                                         Pair{"snake_case", "snake case"}, Pair{"yes 👍🏽 <b>really</b>", "yes really"},
                                         Pair{"wait - what", "wait, what"}, Pair{"   ", ""}));

TEST(NumberWords, GroupsOfFourAndThree) {
  EXPECT_EQ(chinese_integer("1000000000000"), "一万亿");
  EXPECT_EQ(chinese_integer("1200300040005"), "一万两千零三亿零四万零五");
  EXPECT_EQ(chinese_integer("110"), "一百一十");
  EXPECT_EQ(chinese_integer("0000"), "零");
  EXPECT_EQ(chinese_integer("22222"), "两万两千二百二十二");
  EXPECT_EQ(english_integer("1000000000000000").substr(0, 8), "one zero");
  EXPECT_EQ(english_integer("101001"), "one hundred one thousand one");
  EXPECT_EQ(english_year("1900"), "nineteen hundred");
  EXPECT_EQ(english_year("2000"), "two thousand");
}

TEST(SpokenText, SurvivesAnyBytes) {
  EXPECT_NO_THROW((void)spoken_text("\xFF\xFE 3\xE4\xBD", "zh"));
  EXPECT_NO_THROW((void)spoken_text("[](((*__--+1(2", "en"));
  EXPECT_NO_THROW((void)spoken_text(std::string(5000, '9'), "zh"));
  EXPECT_NO_THROW((void)spoken_text(std::string(5000, '1') + "/" + std::string(5000, '2'), "en"));
  EXPECT_NO_THROW((void)spoken_text("$", "en"));
  EXPECT_TRUE(core::is_valid_utf8(spoken_text("\xFF好\xE4", "zh")));
}

}  // namespace
}  // namespace parley::speech
