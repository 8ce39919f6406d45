#include "app/guard_command.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace parley::app {
namespace {

TEST(GuardCheck, OneLineInOneLineOut) {
  auto const guard = guard::Guard::compile({}).value();
  std::istringstream in(R"({"text": "身份证号：110101199003070011，请核对。"}
{"pieces": ["电话138", "00138000", "，谢谢"]}

{"text": 3}
no json
)");
  std::ostringstream out;
  EXPECT_EQ(guard_check(in, out, *guard, guard::Direction::in), 1);
  EXPECT_EQ(out.str(),
            "{\"findings\":[{\"action\":\"refuse\",\"end\":23,\"rule\":\"cn_id18\",\"start\":5}],\"injection_score\":0.0,"
            "\"released\":\"检测到敏感信息输入\"}\n"
            "{\"findings\":[{\"action\":\"replace\",\"end\":13,\"rule\":\"cn_mobile\",\"start\":2}],\"injection_score\":0.0,"
            "\"released\":[\"电话\",\"\",\"[手机号1]，谢谢\",\"\"]}\n"
            "{\"error\":\"a line holds an object with \\\"text\\\" (a string) or \\\"pieces\\\" (a list of strings)\"}\n"
            "{\"error\":\"this line is no JSON\"}\n");
}

}  // namespace
}  // namespace parley::app
