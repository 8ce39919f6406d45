#include "language/json_grammar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "language/tool_grammar.hpp"

namespace parley::language {
namespace {

using ::testing::HasSubstr;

std::string grammar(std::string_view schema) {
  auto const made = json_grammar(schema);
  EXPECT_TRUE(made) << made.error().message;
  return made.value_or("");
}

TEST(JsonGrammar, PropertiesComeInTheirOwnOrderAndInChinese) {
  std::string const rules = grammar(R"({"type":"object","properties":{"姓名":{"type":"string"},"age":{"type":"integer"}},
                                        "required":["姓名","age"],"additionalProperties":false})");
  EXPECT_THAT(rules, HasSubstr("root ::= space rule-"));
  EXPECT_THAT(rules, HasSubstr(R"("\"姓名\"" space ":" space string)"));
  EXPECT_LT(rules.find("姓名"), rules.find("age"));
}

TEST(JsonGrammar, AnEmptySchemaIsAnyObject) { EXPECT_THAT(grammar("{}"), HasSubstr("root ::= space object\n")); }

TEST(JsonGrammar, EnumsConstantsAndReferences) {
  std::string const rules = grammar(R"({"type":"object","properties":{"c":{"$ref":"#/$defs/colour"},"k":{"const":"a\"b"}},
                                        "$defs":{"colour":{"enum":["red","绿",3]}}})");
  EXPECT_THAT(rules, HasSubstr(R"(("\"red\"" | "\"绿\"" | "3") space)"));
  EXPECT_THAT(rules, HasSubstr(R"("\"a\\\"b\"" space)"));
}

TEST(JsonGrammar, ASchemaMayHoldItself) {
  EXPECT_THAT(grammar(R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":
                          {"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["next"]}}})"),
              HasSubstr("null"));
}

TEST(JsonGrammar, CountsAreKept) {
  EXPECT_THAT(grammar(R"({"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":4})"),
              HasSubstr(R"(integer ("," space integer){1,3})"));
  EXPECT_THAT(grammar(R"({"type":"string","maxLength":5})"), HasSubstr("char{0,5}"));
}

TEST(JsonGrammar, ACallHasItsMarksAroundIt) {
  std::vector<Tool> const tools{{"weather", "", R"({"type":"object","properties":{"city":{"$ref":"#/$defs/c"}},
                                                   "$defs":{"c":{"type":"string"}}})"},
                                {"almanac", "", ""}};
  auto const any = tool_call_grammar(tools, {ToolChoice::Kind::required});
  ASSERT_TRUE(any) << any.error().message;
  std::string const root = any->substr(0, any->find('\n'));
  EXPECT_TRUE(root.starts_with(R"(root ::= "<tool_call>\n" rule-)")) << root;
  EXPECT_TRUE(root.ends_with(R"( "\n"? "</tool_call>")")) << root;
  EXPECT_THAT(*any, HasSubstr("almanac"));
  EXPECT_THAT(*tool_call_grammar(tools, {ToolChoice::Kind::named, "weather"}), ::testing::Not(HasSubstr("almanac")));
  EXPECT_FALSE(tool_call_grammar(tools, {ToolChoice::Kind::named, "nobody"}));
}

TEST(JsonGrammar, SaysWhatItCannotKeep) {
  auto const refused = [](std::string_view schema) {
    auto const made = json_grammar(schema);
    EXPECT_FALSE(made);
    return made ? "" : made.error().message + " @ " + made.error().subject;
  };
  EXPECT_THAT(refused(R"({"type":"object","properties":{"a":{"type":"string","pattern":"x"}}})"),
              HasSubstr("'pattern' is not supported @ schema#/properties/a"));
  EXPECT_THAT(refused(R"({"type":"wish"})"), HasSubstr("no type 'wish'"));
  EXPECT_THAT(refused(R"({"$ref":"#/$defs/none"})"), HasSubstr("not there"));
  EXPECT_THAT(refused(R"([1])"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refused(R"({"type":"array","maxItems":-1})"), HasSubstr("maxItems"));
  EXPECT_TRUE(json_grammar(R"({"type":"string","pattern":"x"})", false));  // left to the model
  std::string deep = "true";
  for (int i = 0; i < 100; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_THAT(refused(deep), HasSubstr("too deeply"));
}

}  // namespace
}  // namespace parley::language
