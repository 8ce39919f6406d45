#include "cloud/openai/chat_codec.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>

#include "cloud/openai/refusal.hpp"

namespace parley::cloud::openai {
namespace {

using core::Code;
using language::Speaker;
using nlohmann::json;
using testing::HasSubstr;

// As document 82379/1494384 prints it, thinking included.
constexpr std::string_view answer =
    R"(data: {"choices":[{"delta":{"content":"","reasoning_content":"想","role":"assistant"},"index":0}],"model":"m","usage":null}

: keep-alive

data: {"choices":[{"delta":{"content":"用户","role":"assistant"},"index":0}],"created":1744896730,"id":"0217","model":"m","service_tier":"default","object":"chat.completion.chunk","usage":null}

data: {"choices":[{"delta":{"content":"您好。","role":"assistant"},"index":0}],"model":"m","usage":null}

data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":"stop","index":0}],"usage":null}

data: {"choices":[],"usage":{"completion_tokens":9,"prompt_tokens":20,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":5}}}

data: [DONE]

)";

std::string text_of(std::vector<language::Piece> const& pieces) {
  std::string text;
  for (auto const& piece : pieces) {
    if (auto const* delta = std::get_if<language::Delta>(&piece)) text += delta->text;
  }
  return text;
}

TEST(ChatReader, ReadsAnAnswerHoweverItIsCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    ChatReader reader;
    std::vector<language::Piece> pieces;
    for (std::size_t at = 0; at < answer.size();) {
      auto const size = round == 0 ? answer.size() : 1 + random() % 60;
      for (auto& piece : reader.push(answer.substr(at, size))) pieces.push_back(std::move(piece));
      at += size;
    }
    EXPECT_EQ(text_of(pieces), "用户您好。");
    auto const* finish = std::get_if<language::Finish>(&pieces.back());
    ASSERT_NE(finish, nullptr);
    EXPECT_EQ(finish->reason, language::FinishReason::stop);
    EXPECT_EQ(finish->usage.prompt_tokens, 20);
    EXPECT_EQ(finish->usage.cached_tokens, 5);
    EXPECT_EQ(finish->usage.completion_tokens, 9);
    EXPECT_FALSE(reader.end());
  }
}

TEST(ChatReader, WhatCameTogetherGoesOnTogether) {
  ChatReader reader;
  auto const pieces = reader.push(answer);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(std::get<language::Delta>(pieces[0]).text, "用户您好。");
}

TEST(ChatReader, AnAnswerThatBreaksOffIsAnErrorUnlessItHadAReason) {
  ChatReader cut;
  (void)cut.push(answer.substr(0, answer.find("您好")));
  EXPECT_EQ(std::get<core::Error>(*cut.end()).code, Code::unavailable);
  ChatReader without_done;  // some servers leave the last line out
  (void)without_done.push(answer.substr(0, answer.find("data: [DONE]")));
  EXPECT_EQ(std::get<language::Finish>(*without_done.end()).usage.completion_tokens, 9);
}

TEST(ChatReader, ErrorsInTheMiddleEndIt) {
  ChatReader reader;
  auto const pieces =
      reader.push("data: {\"error\":{\"code\":\"ServerOverloaded\",\"message\":\"sk-secret\"}}\n\ndata: [DONE]\n\n");
  ASSERT_EQ(pieces.size(), 1U);
  auto const& error = std::get<core::Error>(pieces[0]);
  EXPECT_EQ(error.code, Code::busy);
  EXPECT_THAT(core::describe(error), testing::Not(HasSubstr("sk-secret")));
  EXPECT_FALSE(reader.end());
  ChatReader nonsense;
  EXPECT_TRUE(std::holds_alternative<core::Error>(nonsense.push("data: {nonsense\n\n").back()));
  ChatReader endless;
  EXPECT_EQ(std::get<core::Error>(endless.push("data: " + std::string(SseReader::most_bytes, 'x')).back()).code,
            Code::too_large);
  ChatReader odd;  // every type where another is expected
  EXPECT_TRUE(
      odd.push("data: {\"choices\":[{\"delta\":[1],\"finish_reason\":{}}],\"usage\":3}\n\ndata: {\"choices\":{}}\n\n").empty());
}

TEST(ChatReader, AFilterThereIsToldAsSuch) {
  ChatReader reader;
  auto const pieces = reader.push(
      "data: {\"choices\":[{\"delta\":{\"content\":\"关于\"}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n");
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(std::get<language::Finish>(pieces[1]).reason, language::FinishReason::content_filter);
}

TEST(ChatReader, FunctionCallsComeInParts) {
  ChatReader reader;
  auto const pieces = reader.push(
      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":""}}]}}]}

data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]}

data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"北京\"}"}}]}}]}

data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

)");
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(std::get<language::ToolCallBegan>(pieces[0]).name, "weather");
  EXPECT_EQ(std::get<language::ToolCallArguments>(pieces[1]).delta + std::get<language::ToolCallArguments>(pieces[2]).delta,
            R"({"city":"北京"})");
  EXPECT_EQ(std::get<language::Finish>(pieces[3]).reason, language::FinishReason::tool_calls);
}

TEST(ChatRequest, SaysWhatTheServiceExpects) {
  language::GenerateRequest request;
  request.messages = {{Speaker::system, "你是小禾。"}, {Speaker::user, "北京天气"}};
  request.messages.push_back({Speaker::assistant, "", {{"call_a", "weather", "{}"}}, ""});
  request.messages.push_back({Speaker::tool, "晴", {}, "call_a"});
  request.sampling.stop = {"x"};
  request.tools = {{"weather", "the weather", R"({"type":"object"})"}};
  auto const body = json::parse(chat_request(request, {"ep-20240726155307-abcde", "disabled", false, false}));
  EXPECT_EQ(body["model"], "ep-20240726155307-abcde");
  EXPECT_EQ(body["thinking"]["type"], "disabled");
  EXPECT_EQ(body["stream"], true);
  EXPECT_EQ(body["stream_options"]["include_usage"], true);
  EXPECT_EQ(body["messages"][1]["content"], "北京天气");
  EXPECT_EQ(body["messages"][2]["tool_calls"][0]["function"]["name"], "weather");
  EXPECT_EQ(body["messages"][3]["tool_call_id"], "call_a");
  EXPECT_EQ(body["tools"][0]["function"]["parameters"]["type"], "object");
  EXPECT_EQ(body["tool_choice"], "auto");
  EXPECT_FALSE(body.contains("stop"));
  request.messages = {{Speaker::user, "half a character \xe4\xbd"}};
  EXPECT_TRUE(json::accept(chat_request(request, {"m", "", false, true})));
}

TEST(ChatRefusal, EveryCodeOfTheTableHasItsMeaning) {
  struct Row {
    int status;
    char const* code;
    Code means;
  };
  for (auto const& [status, code, means] : {
           Row{400, "MissingParameter", Code::internal},
           Row{400, "InvalidParameter.UnsupportedModel", Code::internal},
           Row{400, "InvalidEndpoint.ClosedEndpoint", Code::not_found},
           Row{400, "SensitiveContentDetected.SevereViolation", Code::invalid},
           Row{400, "InputTextSensitiveContentDetected", Code::invalid},
           Row{400, "InputTextRiskDetection", Code::invalid},
           Row{401, "AuthenticationError", Code::permission},
           Row{403, "AccessDenied", Code::permission},
           Row{403, "AccountOverdueError", Code::permission},
           Row{403, "OperationDenied.ServiceNotOpen", Code::permission},
           Row{404, "InvalidEndpointOrModel.NotFound", Code::not_found},
           Row{404, "ModelNotOpen", Code::not_found},
           Row{404, "InvalidEndpoint.NotFound", Code::not_found},
           Row{429, "RateLimitExceeded.EndpointRPMExceeded", Code::busy},
           Row{429, "RateLimitExceeded.EndpointTPMExceeded", Code::busy},
           Row{429, "ModelAccountRpmRateLimitExceeded", Code::busy},
           Row{429, "ModelAccountTpmRateLimitExceeded", Code::busy},
           Row{429, "APIAccountRpmRateLimitExceeded", Code::busy},
           Row{429, "AccountRateLimitExceeded", Code::busy},
           Row{429, "RequestBurstTooFast", Code::busy},
           Row{429, "QuotaExceeded", Code::busy},
           Row{429, "SetLimitExceeded", Code::busy},
           Row{429, "ServerOverloaded", Code::busy},
           Row{429, "ModelLoadingError", Code::busy},
           Row{500, "InternalServiceError", Code::unavailable},
           Row{504, "", Code::deadline},
       }) {
    auto const error = refusal(status, json{{"error", {{"code", code}, {"message", "m"}}}}.dump(), "7");
    EXPECT_EQ(error.code, means) << code;
    EXPECT_FALSE(error.message.empty());
    EXPECT_EQ(error.subject, *code != 0 ? code : "HTTP 504");
    EXPECT_EQ(error.retry_after, std::chrono::seconds(means == Code::busy ? 7 : 0));
  }
  EXPECT_EQ(refusal(502, "<html>bad gateway</html>").code, Code::unavailable);
  EXPECT_EQ(refusal(401, R"({"error":{"code":"the key sk-123 is wrong"}})").subject, "HTTP 401");
}

}  // namespace
}  // namespace parley::cloud::openai
