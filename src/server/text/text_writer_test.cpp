#include "server/text/text_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace parley::server {
namespace {

using language::Delta;
using language::Finish;
using language::FinishReason;
using nlohmann::json;

std::vector<json> events(std::string const& bytes) {
  std::vector<json> found;
  for (std::size_t at = 0; at < bytes.size();) {
    auto const end = bytes.find("\n\n", at);
    std::string const line = bytes.substr(at, end - at);
    EXPECT_TRUE(line.starts_with("data: ")) << line;
    found.push_back(line == "data: [DONE]" ? json("DONE") : json::parse(line.substr(6)));
    at = end + 2;
  }
  return found;
}

TextRequest request(TextRequest::Shape shape, bool stream) {
  TextRequest request;
  request.shape = shape;
  request.stream = stream;
  request.prompts.resize(1);
  return request;
}

Finish const finish{FinishReason::stop, {10, 4, 2}};

TEST(TextWriter, AStreamedChat) {
  auto asked = request(TextRequest::Shape::chat, true);
  asked.include_usage = true;
  TextWriter writer(asked, "chatcmpl-1", 123);
  std::string bytes = writer.begin();
  bytes += writer.piece(0, Delta{"你\"好\n"});
  bytes += writer.piece(0, finish);
  bytes += writer.end(5);
  auto const all = events(bytes);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0]["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(all[1]["choices"][0]["delta"], json({{"content", "你\"好\n"}}));
  EXPECT_TRUE(all[1]["usage"].is_null());
  EXPECT_TRUE(all[1]["choices"][0]["finish_reason"].is_null());
  EXPECT_EQ(all[2]["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(all[3]["usage"]["total_tokens"], 12);
  EXPECT_EQ(all[3]["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
  EXPECT_TRUE(all[3]["choices"].empty());
  EXPECT_EQ(all[4], "DONE");
  EXPECT_TRUE(writer.finished());
}

TEST(TextWriter, WhatAnAnswerStandsOn) {
  language::Grounds grounds;
  grounds.sources.push_back({"faq.md", "", "保修三年。", 0, 5, 0});
  auto const streamed = request(TextRequest::Shape::chat, true);
  TextWriter stream(streamed, "chatcmpl-1", 123);
  auto const event = events(stream.piece(0, grounds)).at(0);
  EXPECT_TRUE(event["choices"][0]["delta"].empty());
  EXPECT_EQ(event["choices"][0]["parley"]["sources"][0]["path"], "faq.md");
  auto const asked = request(TextRequest::Shape::chat, false);
  TextWriter whole(asked, "chatcmpl-1", 123);
  EXPECT_EQ(whole.piece(0, grounds) + whole.piece(0, finish), "");
  EXPECT_EQ(json::parse(whole.whole(5).body)["choices"][0]["parley"], language::to_json(grounds));
}

TEST(TextWriter, AWholeChatOfTwo) {
  auto asked = request(TextRequest::Shape::chat, false);
  asked.n = 2;
  TextWriter writer(asked, "chatcmpl-1", 123);
  EXPECT_EQ(writer.piece(1, Delta{"b"}) + writer.piece(1, Finish{FinishReason::length, {10, 4, 1}}), "");
  EXPECT_FALSE(writer.finished());
  EXPECT_EQ(writer.piece(0, Delta{"a"}) + writer.piece(0, finish), "");
  auto const body = json::parse(writer.whole(7).body);
  EXPECT_EQ(body["choices"][0]["message"]["content"], "a");
  EXPECT_EQ(body["choices"][1]["finish_reason"], "length");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 10) << "the prompt was sent once";
  EXPECT_EQ(body["usage"]["completion_tokens"], 3);
}

TEST(TextWriter, CompletionsAndGenerate) {
  auto asked = request(TextRequest::Shape::completion, true);
  TextWriter completion(asked, "cmpl-1", 1);
  std::string bytes = completion.begin();
  bytes += completion.piece(0, Delta{"a"});
  bytes += completion.piece(0, finish);
  bytes += completion.end(1);
  auto const all = events(bytes);
  EXPECT_EQ(all[0]["choices"][0]["text"], "a");
  EXPECT_EQ(all[1]["choices"][0]["text"], "");
  EXPECT_EQ(all[1]["choices"][0]["finish_reason"], "stop");
  auto plain = request(TextRequest::Shape::generate, false);
  TextWriter generate(plain, "x", 1);
  EXPECT_EQ(generate.piece(0, Delta{"文"}) + generate.piece(0, finish), "");
  EXPECT_EQ(json::parse(generate.whole(42).body),
            json::parse(R"({"text":"文","usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,
                            "prompt_tokens_details":{"cached_tokens":4}},"latency_ms":42,"finish_reason":"stop"})"));
}

TEST(TextWriter, LogprobsOfHalfCharacters) {
  auto asked = request(TextRequest::Shape::chat, false);
  asked.logprobs = true;
  TextWriter writer(asked, "x", 1);
  (void)writer.piece(0, Delta{"你", {{{"\xE4\xBD", -0.5F}, {{"\xE4\xBD", -0.5F}, {"a", -1.5F}}}, {{"\xA0", -0.1F}, {}}}});
  (void)writer.piece(0, finish);
  auto const content = json::parse(writer.whole(1).body)["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 2U);
  EXPECT_EQ(content[0]["bytes"], json({0xE4, 0xBD}));
  EXPECT_EQ(content[0]["top_logprobs"][1]["token"], "a");
}

TEST(TextWriter, CallsWholeAndStreamed) {
  auto asked = request(TextRequest::Shape::chat, false);
  auto const say = [](TextWriter& writer) {
    std::string bytes = writer.piece(0, language::ToolCallBegan{"call_1", "weather"});
    bytes += writer.piece(0, language::ToolCallArguments{"call_1", "{\"city\":"});
    bytes += writer.piece(0, language::ToolCallArguments{"call_1", "\"北京\"}"});
    return bytes + writer.piece(0, Finish{FinishReason::tool_calls, {10, 4, 2}});
  };
  TextWriter whole(asked, "x", 1);
  EXPECT_EQ(say(whole), "");
  auto const choice = json::parse(whole.whole(1).body)["choices"][0];
  EXPECT_TRUE(choice["message"]["content"].is_null());
  EXPECT_EQ(choice["message"]["tool_calls"][0]["function"], json({{"name", "weather"}, {"arguments", R"({"city":"北京"})"}}));
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  asked.stream = true;
  TextWriter streamed(asked, "x", 1);
  auto const all = events(say(streamed));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0]["choices"][0]["delta"]["tool_calls"][0]["id"], "call_1");
  EXPECT_EQ(all[1]["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"], "{\"city\":");
  EXPECT_EQ(all[3]["choices"][0]["finish_reason"], "tool_calls");
}

}  // namespace
}  // namespace parley::server
