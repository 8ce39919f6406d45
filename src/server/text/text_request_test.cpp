#include "server/text/text_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::server {
namespace {

using language::Message;
using language::Speaker;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TextRequest good(ReadText read) {
  EXPECT_TRUE(read) << read.error().param << ": " << read.error().message;
  return read.value_or(TextRequest{});
}

TEST(TextRequest, AChatWithEverything) {
  auto const request = good(read_chat(R"({"model":"m","messages":[{"role":"developer","content":"简短。"},
      {"role":"user","content":[{"type":"text","text":"你"},{"type":"text","text":"好"}]}],
      "temperature":0,"top_p":0.5,"seed":0,"max_tokens":9,"max_completion_tokens":7,"stop":"。","n":2,"stream":true,
      "stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":3,"presence_penalty":1,"user":"somebody"})"));
  auto const& prompt = request.prompts.front();
  EXPECT_THAT(prompt.messages, ElementsAre(Message{Speaker::system, "简短。"}, Message{Speaker::user, "你好"}));
  EXPECT_EQ(prompt.sampling.temperature, 0);
  EXPECT_EQ(prompt.sampling.max_tokens, 7);
  EXPECT_NE(prompt.sampling.seed, 0U) << "0 would be a new seed each time";
  EXPECT_THAT(prompt.sampling.stop, ElementsAre("。"));
  EXPECT_EQ(prompt.sampling.alternatives, 3);
  EXPECT_FALSE(prompt.may_shorten);
  EXPECT_TRUE(request.stream && request.include_usage && request.logprobs);
  EXPECT_EQ(request.choices(), 2);
  EXPECT_NE(request.choice(0).sampling.seed, request.choice(1).sampling.seed);
  EXPECT_EQ(request.choice(0).sampling.seed, prompt.sampling.seed);
}

TEST(TextRequest, EveryMistakeNamesItsField) {
  struct Case {
    char const* body;
    char const* param;
    char const* code;
  };
  for (auto const& [body, param, code] : {
           Case{"[]", "", "invalid_json"},
           Case{"{", "", "invalid_json"},
           Case{"{}", "messages", "missing_required_parameter"},
           Case{R"({"messages":[]})", "messages", "invalid_value"},
           Case{R"({"messages":["hi"]})", "messages[0]", "invalid_type"},
           Case{R"({"messages":[{"content":"hi"}]})", "messages[0].role", "missing_required_parameter"},
           Case{R"({"messages":[{"role":"king","content":"hi"}]})", "messages[0].role", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":3}]})", "messages[0].content", "invalid_type"},
           Case{R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})", "messages[0].content[0].type",
                "unsupported_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"temperature":3})", "temperature", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":"9"})", "max_tokens", "invalid_type"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":0})", "max_tokens", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"n":99})", "n", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"stop":[1]})", "stop", "invalid_type"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"top_logprobs":2})", "top_logprobs", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"stream_options":{"include_usage":true}})", "stream_options",
                "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"logit_bias":{"1":2}})", "logit_bias", "unsupported_parameter"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"modalities":["audio"]})", "modalities", "unsupported_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"xml"}})", "response_format.type",
                "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema"}})",
                "response_format.json_schema.schema", "missing_required_parameter"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":
                {"name":"a","strict":true,"schema":{"type":"object","properties":{"a":{"pattern":"x"}}}}}})",
                "response_format.json_schema.schema#/properties/a", "invalid_json_schema"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"a b"}}]})",
                "tools[0].function.name", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"tool_choice":"required"})", "tool_choice", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"parley":{"grounding":"flag"}})", "parley.knowledge",
                "missing_required_parameter"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"parley":{"knowledge":["a"],"grounding":"no"}})",
                "parley.grounding", "invalid_value"},
           Case{R"({"messages":[{"role":"user","content":"hi"}],"parley":{"knowledge":[1]}})", "parley.knowledge",
                "invalid_type"},
       }) {
    auto const read = read_chat(body);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().param, param) << body;
    EXPECT_EQ(read.error().code, code) << body;
    EXPECT_EQ(read.error().type, "invalid_request_error");
  }
}

TEST(TextRequest, WhatIsLookedUp) {
  auto const request = good(read_chat(R"({"messages":[{"role":"user","content":"hi"}],
      "parley":{"role":"shop","knowledge":["a","b"],"grounding":"replace"}})"));
  ASSERT_TRUE(request.look_up);
  EXPECT_EQ(request.look_up->role, "shop");
  EXPECT_THAT(request.look_up->bases, ElementsAre("a", "b"));
  EXPECT_EQ(request.look_up->grounding, "replace");
  EXPECT_FALSE(good(read_chat(R"({"messages":[{"role":"user","content":"hi"}]})")).look_up);
}

TEST(TextRequest, CallsAndTheirResultsAreTold) {
  auto const request = good(read_chat(R"({"messages":[{"role":"user","content":"天气？"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
        "function":{"name":"weather","arguments":"{\"city\":\"北京\"}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"晴"},{"role":"tool","tool_call_id":"c2","content":"25"}],
      "tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":
        {"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}],"tool_choice":"required"})"));
  auto const& prompt = request.prompts.front();
  EXPECT_THAT(prompt.messages, ElementsAre(Message{Speaker::user, "天气？"},
                                           Message{Speaker::assistant, "", {{"c1", "weather", R"({"city":"北京"})"}}},
                                           Message{Speaker::tool, "晴", {}, "c1"}, Message{Speaker::tool, "25", {}, "c2"}));
  ASSERT_EQ(prompt.tools.size(), 1U);
  EXPECT_EQ(prompt.tools[0].name, "weather");
  EXPECT_EQ(prompt.tool_choice.kind, language::ToolChoice::Kind::required);
}

TEST(TextRequest, Completions) {
  auto const request = good(read_completion(R"({"prompt":["a","b"],"n":2,"logprobs":2})"));
  EXPECT_EQ(request.choices(), 4);
  EXPECT_TRUE(request.prompts[0].raw);
  EXPECT_EQ(request.choice(1).messages.front().text, "a");
  EXPECT_EQ(request.choice(2).messages.front().text, "b");
  EXPECT_EQ(read_completion(R"({"prompt":[1,2]})").error().param, "prompt");
  EXPECT_EQ(read_completion("{}").error().code, "missing_required_parameter");
  EXPECT_EQ(read_completion(R"({"prompt":"a","echo":true})").error().param, "echo");
  EXPECT_TRUE(read_completion(R"({"prompt":"a","echo":false,"suffix":null,"best_of":1})"));
}

TEST(TextRequest, Generate) {
  auto const request = good(read_generate(R"({"prompt":"生成300字的产品说明书","max_tokens":5})"));
  EXPECT_FALSE(request.prompts.front().raw);
  EXPECT_EQ(request.prompts.front().sampling.max_tokens, 5);
  EXPECT_EQ(read_generate(R"({"prompt":""})").error().param, "prompt");
  EXPECT_EQ(read_generate(R"({"prompt":7})").error().param, "prompt");
}

}  // namespace
}  // namespace parley::server
