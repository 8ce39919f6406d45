#include "language/tool_text.hpp"

#include <gmock/gmock.h>

namespace parley::language {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

Tool weather() { return {"get_weather", "天气", R"({"type":"object","properties":{"city":{"type":"string"}}})"}; }

/// The answer in one line: words as they are, calls as name(arguments), the end in brackets.
std::string told(std::vector<std::string> const& deltas, FinishReason reason = FinishReason::stop) {
  int ids = 0;
  ToolCallReader reader({weather()}, [&] { return "call_" + std::to_string(++ids); });
  std::string out;
  auto const add = [&](std::vector<Piece> const& pieces) {
    for (auto const& piece : pieces) {
      if (auto const* d = std::get_if<Delta>(&piece)) out += d->text;
      if (auto const* b = std::get_if<ToolCallBegan>(&piece)) out += "|" + b->id + " " + b->name;
      if (auto const* a = std::get_if<ToolCallArguments>(&piece)) out += "(" + a->delta + ")";
      if (auto const* f = std::get_if<Finish>(&piece)) out += "[" + std::to_string(static_cast<int>(f->reason)) + "]";
      if (std::holds_alternative<core::Error>(piece)) out += "[error]";
    }
  };
  for (auto const& delta : deltas) add(reader.push(Delta{delta}));
  add(reader.push(Finish{reason, {}}));
  return out;
}

TEST(ToolText, calls_are_found_however_the_answer_is_cut) {
  std::string const answer =
      "我查一下。\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"北京\"}}\n</tool_call>\n<tool_call>\n"
      "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>";
  std::string const expected = "我查一下。|call_1 get_weather({\"city\":\"北京\"})|call_2 get_weather({\"city\":\"Paris\"})[2]";
  EXPECT_EQ(told({answer}), expected);
  std::vector<std::string> bytes;
  for (char c : answer) bytes.emplace_back(1, c);
  EXPECT_EQ(told(bytes), expected);
}

TEST(ToolText, words_with_angle_brackets_are_words) {
  EXPECT_EQ(told({"1 <", " 2 and <tool", "box>"}), "1 < 2 and <toolbox>[0]");
  EXPECT_EQ(told({"ends with <tool_c"}), "ends with <tool_c[0]");
}

TEST(ToolText, a_call_without_its_end_counts_when_it_is_whole) {
  EXPECT_EQ(told({"<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {}}"}), "|call_1 get_weather({})[2]");
  EXPECT_EQ(told({"<tool_call>{\"name\": \"get_weather\", \"argum"}, FinishReason::length), "[error]");
}

TEST(ToolText, what_was_not_offered_is_never_called) {
  EXPECT_EQ(told({"<tool_call>{\"name\": \"rm\", \"arguments\": {}}</tool_call>"}), "[error]");
  EXPECT_EQ(told({"好。<tool_call>not json</tool_call>"}), "好。[0]");
}

TEST(ToolText, arguments_in_a_string_are_unpacked) {
  EXPECT_EQ(told({R"(<tool_call>{"name": "get_weather", "arguments": "{\"city\": \"上海\"}"}</tool_call>)"}),
            "|call_1 get_weather({\"city\":\"上海\"})[2]");
}

TEST(ToolText, the_prompt_is_the_one_the_model_was_trained_with) {
  std::vector<Message> const talk{{Speaker::system, "你是小禾。"},
                                  {Speaker::user, "北京天气？"},
                                  {Speaker::assistant, "", {{"call_1", "get_weather", R"({"city":"北京"})"}}},
                                  {Speaker::tool, "晴", {}, "call_1"},
                                  {Speaker::tool, "25 度", {}, "call_2"}};
  auto const words = with_tools_in_words(talk, {weather()}, {});
  ASSERT_EQ(words.size(), 4U);
  EXPECT_THAT(words[0].text, HasSubstr("你是小禾。\n\n# Tools\n\nYou may call"));
  EXPECT_THAT(words[0].text, HasSubstr("\n<tools>\n{\"type\":\"function\",\"function\":{\"name\":\"get_weather\""));
  EXPECT_THAT(words[0].text, EndsWith("</tool_call>"));
  EXPECT_EQ(words[2], (Message{Speaker::assistant,
                               "<tool_call>\n{\"name\":\"get_weather\",\"arguments\":{\"city\":\"北京\"}}\n</tool_call>"}));
  EXPECT_EQ(words[3],
            (Message{Speaker::user, "<tool_response>\n晴\n</tool_response>\n<tool_response>\n25 度\n</tool_response>"}));
}

TEST(ToolText, nothing_changes_without_tools) {
  std::vector<Message> const talk{{Speaker::user, "你好"}};
  EXPECT_EQ(with_tools_in_words(talk, {}, {}), talk);
  EXPECT_EQ(with_tools_in_words(talk, {weather()}, {ToolChoice::Kind::none}), talk);
  auto const forced = with_tools_in_words(talk, {weather()}, {ToolChoice::Kind::named, "get_weather"});
  EXPECT_THAT(forced.front().text, EndsWith("You must call the function get_weather now."));
}

}  // namespace
}  // namespace parley::language
