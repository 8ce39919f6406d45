// The routes over a real socket, with a language model that says what the test wants and can be told to wait.
#include "server/text/text_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/sha256.hpp"
#include "core/test_folder.hpp"
#include "server/keys/key_file.hpp"
#include "server/server.hpp"

namespace parley::server {
namespace {

namespace http = boost::beast::http;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// Answers from a thread of its own, by what the last message says.
class ScriptedModel final : public language::Model {
 public:
  std::string name() const override { return "scripted"; }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }
  core::Job generate(language::GenerateRequest request, Sink sink) override {
    std::stop_source stop;
    std::lock_guard const lock(mutex_);
    threads_.emplace_back([this, request = std::move(request), sink = std::move(sink), token = stop.get_token()] {
      std::string const& wish = request.messages.back().text;
      if (wish == "who") return answer_who(request.client, sink);
      if (wish == "busy") return sink(core::Error{core::Code::busy, "too many wait", {}, 2500ms});
      if (wish == "long") return sink(core::Error{core::Code::too_large, "shorten it", "messages", {}});
      sink(language::Delta{"你"});
      if (wish == "break") return sink(core::Error{core::Code::internal, "it broke", {}, {}});
      if (wish == "wait") {
        while (!token.stop_requested()) std::this_thread::sleep_for(1ms);
        ++cancelled;
        return;
      }
      sink(language::Delta{"好"});
      sink(language::Finish{language::FinishReason::stop, {5, 2, 2}});
    });
    return core::Job(stop);
  }

  std::atomic<int> cancelled = 0;

 private:
  static void answer_who(std::string const& client, Sink const& sink) {
    sink(language::Delta{client.empty() ? "nobody" : client});
    sink(language::Finish{language::FinishReason::stop, {5, 2, 2}});
  }

  std::mutex mutex_;
  std::vector<std::jthread> threads_;
};

class TextRoutesTest : public testing::Test {
 protected:
  void SetUp() override { start(nullptr); }

  void start(std::shared_ptr<KeyBook> keys) {
    server_.reset();
    Options options;
    options.port = 0;
    options.keys = std::move(keys);
    add_text_routes(options.routes, {[this](std::string const& name) -> core::Result<std::shared_ptr<language::Model>> {
                                       if (name == "default") return model_;
                                       return core::fail(core::Code::not_found, "there is no model '" + name + "'");
                                     },
                                     metrics_});
    auto started =
        Server::start(std::move(options), {[](CallRequest const&, conversation::Call::Listener) -> core::Result<OpenedCall> {
                        return core::fail(core::Code::internal, "no calls here");
                      }});
    ASSERT_TRUE(started);
    server_ = *std::move(started);
    server_->set_ready(true);
  }

  http::response<http::string_body> ask(std::string const& wish, std::string const& more = "", bool leave = false,
                                        std::string const& key = "") {
    boost::asio::io_context io;
    boost::beast::tcp_stream stream(io);
    stream.connect({boost::asio::ip::address_v4::loopback(), server_->port()});
    http::request<http::string_body> request(http::verb::post, "/v1/chat/completions", 11);
    request.set(http::field::host, "localhost");
    if (!key.empty()) request.set(http::field::authorization, "Bearer " + key);
    request.body() = R"({"messages":[{"role":"user","content":")" + wish + "\"}]" + more + "}";
    request.prepare_payload();
    http::write(stream, request);
    http::response<http::string_body> response;
    if (leave) {
      std::this_thread::sleep_for(50ms);
      return response;
    }
    boost::beast::flat_buffer buffer;
    http::read(stream, buffer, response);
    return response;
  }

  std::shared_ptr<ScriptedModel> model_ = std::make_shared<ScriptedModel>();
  std::shared_ptr<TextMetrics> metrics_ = std::make_shared<TextMetrics>("scripted");
  std::unique_ptr<Server> server_;
};

TEST_F(TextRoutesTest, WholeAndStreamed) {
  auto const whole = nlohmann::json::parse(ask("hi").body());
  EXPECT_EQ(whole["choices"][0]["message"]["content"], "你好");
  auto const streamed = ask("hi", R"(,"stream":true)");
  EXPECT_EQ(streamed["Content-Type"], "text/event-stream");
  EXPECT_THAT(streamed.body(), HasSubstr(R"("delta":{"content":"你"})"));
  EXPECT_TRUE(streamed.body().ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(metrics_->text(), HasSubstr(R"(finished_reason="stop"} 2)"));
}

TEST_F(TextRoutesTest, OverloadIsSaidWithATimeAlsoToAStream) {
  for (char const* more : {"", R"(,"stream":true)"}) {
    auto const reply = ask("busy", more);
    EXPECT_EQ(reply.result_int(), 429U);
    EXPECT_EQ(reply["Retry-After"], "3");
  }
}

TEST_F(TextRoutesTest, ErrorsInOpenAIsShape) {
  auto const is_long = ask("long");
  EXPECT_EQ(is_long.result_int(), 400U);
  EXPECT_EQ(nlohmann::json::parse(is_long.body())["error"]["code"], "context_length_exceeded");
  auto const unknown = ask("hi", R"(,"model":"nobody")");
  EXPECT_EQ(unknown.result_int(), 404U);
  EXPECT_EQ(nlohmann::json::parse(unknown.body())["error"]["param"], "model");
  EXPECT_EQ(ask("break").result_int(), 500U);
  EXPECT_THAT(ask("break", R"(,"stream":true)").body(), HasSubstr(R"(data: {"error":{"code":"internal")"));
}

TEST_F(TextRoutesTest, WhoHangsUpIsNotAnswered) {
  (void)ask("wait", "", true);
  (void)ask("wait", R"(,"stream":true,"n":3)", true);
  for (int i = 0; i < 500 && model_->cancelled < 4; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(model_->cancelled, 4);
  EXPECT_THAT(metrics_->text(), HasSubstr(R"(finished_reason="abort"} 2)"));
  EXPECT_THAT(metrics_->text(), HasSubstr(R"(vllm:num_requests_running{model_name="scripted"} 0)"));
}

/// Two keys in a file of their own.
class TextKeysTest : public TextRoutesTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(change_keys(folder_ / "keys.json", [](std::vector<ApiKey>& keys) -> core::Result<void> {
      keys.push_back({"key_1", "app", core::sha256_of("sk-1"), {"text"}, {}, 0, 0, 0});
      keys.push_back({"key_2", "calls", core::sha256_of("sk-2"), {"realtime"}, {}, 0, 0, 0});
      return {};
    }));
    KeyBook::Options options;
    options.file = folder_ / "keys.json";
    options.watch = 0ms;
    book_ = *KeyBook::open(std::move(options));
    start(book_);
  }
  void limit(KeyLimits const& limits) {
    ASSERT_TRUE(change_keys(folder_ / "keys.json", [&](std::vector<ApiKey>& keys) -> core::Result<void> {
      keys.front().limits = limits;
      return {};
    }));
    book_->look();
  }
  http::response<http::string_body> ask_with(std::string const& key, std::string const& wish, std::string const& more = "") {
    return ask(wish, more, false, key);
  }

  core::TestFolder const folder_;
  std::shared_ptr<KeyBook> book_;
};

TEST_F(TextKeysTest, TheModelIsToldWhoseItIs) {
  EXPECT_THAT(ask_with("sk-1", "who").body(), HasSubstr("key_1"));
  EXPECT_EQ(ask_with("sk-2", "who").result_int(), 403U);
  EXPECT_EQ(ask_with("sk-3", "who").result_int(), 401U);
  EXPECT_EQ(ask("who").result_int(), 401U);
}

TEST_F(TextKeysTest, RequestsAMinute) {
  limit({.requests_per_minute = 2});
  auto const first = ask_with("sk-1", "hi", R"(,"stream":true)");
  EXPECT_EQ(first["x-ratelimit-limit-requests"], "2");
  EXPECT_EQ(first["x-ratelimit-remaining-requests"], "1");
  EXPECT_EQ(ask_with("sk-1", "hi")["x-ratelimit-remaining-requests"], "0");
  auto const third = ask_with("sk-1", "hi");
  EXPECT_EQ(third.result_int(), 429U);
  EXPECT_EQ(third["Retry-After"], "30");
  auto const error = nlohmann::json::parse(third.body())["error"];
  EXPECT_EQ(error["code"], "rate_limit_exceeded");
  EXPECT_EQ(error["type"], "requests");
}

TEST_F(TextKeysTest, TokensAMinuteAreWhatWasReallyUsed) {
  limit({.tokens_per_minute = 100});
  auto const first = ask_with("sk-1", "hi");  // may come to 1024, comes to 7
  EXPECT_EQ(first.result_int(), 200U);
  EXPECT_EQ(book_->find("sk-1")->usage().input_tokens, 5U);
  EXPECT_EQ(book_->find("sk-1")->usage().output_tokens, 2U);
  EXPECT_EQ(ask_with("sk-1", "hi", R"(,"max_tokens":50)").result_int(), 200U);
  auto const large = ask_with("sk-1", "hi");
  EXPECT_EQ(large.result_int(), 429U);
  EXPECT_EQ(nlohmann::json::parse(large.body())["error"]["type"], "tokens");
}

TEST_F(TextKeysTest, WhoLeavesEarlyHasUsedWhatWasWrittenAndFailuresCostNothing) {
  limit({.monthly_tokens = 1000});
  EXPECT_EQ(ask_with("sk-1", "break").result_int(), 500U);
  EXPECT_EQ(book_->find("sk-1")->usage().output_tokens, 0U);
  (void)ask("wait", R"(,"stream":true)", true, "sk-1");
  for (int i = 0; i < 500 && book_->find("sk-1")->usage().output_tokens == 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(book_->find("sk-1")->usage().output_tokens, 1U);
  limit({.monthly_tokens = 1});
  auto const refused = ask_with("sk-1", "hi");
  EXPECT_EQ(refused.result_int(), 429U);
  EXPECT_EQ(nlohmann::json::parse(refused.body())["error"]["code"], "insufficient_quota");
}

}  // namespace
}  // namespace parley::server
