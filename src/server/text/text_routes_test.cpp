// The routes over a real socket, with a language model that says what the test wants and can be told to wait.
#include "server/text/text_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>
#include <thread>

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
  std::mutex mutex_;
  std::vector<std::jthread> threads_;
};

class TextRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.port = 0;
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

  http::response<http::string_body> ask(std::string const& wish, std::string const& more = "", bool leave = false) {
    boost::asio::io_context io;
    boost::beast::tcp_stream stream(io);
    stream.connect({boost::asio::ip::address_v4::loopback(), server_->port()});
    http::request<http::string_body> request(http::verb::post, "/v1/chat/completions", 11);
    request.set(http::field::host, "localhost");
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

}  // namespace
}  // namespace parley::server
