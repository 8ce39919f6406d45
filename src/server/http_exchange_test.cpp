// Answers that take their time, over real sockets: streamed, whole, cancelled, too slow to be read, never given.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <thread>

#include "server/server.hpp"

namespace parley::server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using namespace std::chrono_literals;

/// A worker that talks from a thread of its own, and knows whether somebody still wants what it does.
class Worker {
 public:
  Worker(std::function<void(std::stop_token)> run, std::atomic<int>& dropped) : dropped_(dropped), thread_(std::move(run)) {}
  ~Worker() {
    thread_.request_stop();
    thread_.join();
    ++dropped_;
  }
  Worker(Worker const&) = delete;
  Worker& operator=(Worker const&) = delete;

 private:
  std::atomic<int>& dropped_;
  std::jthread thread_;
};

class HttpExchangeTest : public testing::Test {
 protected:
  void start(std::function<HttpRoutes::Work(HttpRequest, std::shared_ptr<Answer>)> handler, std::size_t queue_bytes = 1 << 20) {
    Options options;
    options.port = 0;
    options.limits.queue_bytes = queue_bytes;
    options.limits.request = 2s;
    options.routes.add_later("POST", "/later", std::move(handler), {.needs_key = true, .needs_ready = true});
    auto started =
        Server::start(std::move(options), {[](CallRequest const&, conversation::Call::Listener) -> core::Result<OpenedCall> {
                        return core::fail(core::Code::internal, "no calls here");
                      }});
    ASSERT_TRUE(started);
    server_ = *std::move(started);
    server_->set_ready(true);
  }

  /// Counts the works that were let go.
  HttpRoutes::Work work(std::function<void(std::stop_token)> run) { return std::make_shared<Worker>(std::move(run), dropped_); }

  bool dropped(int count) {
    for (int i = 0; i < 500 && dropped_ < count; ++i) std::this_thread::sleep_for(10ms);
    return dropped_ >= count;
  }

  struct Visit {
    explicit Visit(std::uint16_t port) : stream(io) { stream.connect(tcp::endpoint(net::ip::address_v4::loopback(), port)); }
    void ask(std::string const& body = "{}", unsigned version = 11) {
      http::request<http::string_body> request(http::verb::post, "/later", version);
      request.set(http::field::host, "localhost");
      request.keep_alive(true);
      request.body() = body;
      request.prepare_payload();
      http::write(stream, request);
    }
    http::response<http::string_body> hear() {
      http::response_parser<http::string_body> parser;
      parser.body_limit(std::uint64_t{1} << 30);
      http::read(stream, buffer, parser, error);
      return parser.release();
    }
    net::io_context io;
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    beast::error_code error;
  };

  std::atomic<int> dropped_ = 0;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpExchangeTest, PiecesArriveWhileTheyAreMadeAndTheConnectionGoesOn) {
  std::atomic<bool> go = false;
  start([&](HttpRequest const& request, std::shared_ptr<Answer> answer) {
    return work([&go, answer, body = request.body](std::stop_token const&) {
      answer->begin({200, "开始 ", "text/event-stream", {}});
      while (!go) std::this_thread::sleep_for(1ms);
      EXPECT_TRUE(answer->write(body));
      answer->end();
      EXPECT_FALSE(answer->write("nothing comes after the end"));
    });
  });
  Visit visit(server_->port());
  visit.ask("一");
  http::response_parser<http::buffer_body> parser;
  http::read_header(visit.stream, visit.buffer, parser);
  EXPECT_EQ(parser.get()["Content-Type"], "text/event-stream");
  EXPECT_TRUE(parser.chunked());
  std::string heard;
  std::array<char, 64> piece{};
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    http::read_some(visit.stream, visit.buffer, parser, visit.error);
    heard.append(piece.data(), piece.size() - parser.get().body().size);
    if (heard == "开始 ") go = true;  // heard before the rest was made
  }
  EXPECT_EQ(heard, "开始 一");
  visit.ask("二");  // the same connection
  EXPECT_EQ(visit.hear().body(), "开始 二");
  EXPECT_TRUE(dropped(2));
}

TEST_F(HttpExchangeTest, WhatIsThereGoesOutInOnePiece) {
  start([](HttpRequest const&, std::shared_ptr<Answer> answer) -> HttpRoutes::Work {
    answer->begin({200, "一", "text/event-stream", {}});
    EXPECT_TRUE(answer->write("二"));
    answer->end();
    return nullptr;
  });
  Visit visit(server_->port());
  visit.ask();
  std::array<char, 4096> bytes{};
  std::string_view const heard(bytes.data(), visit.stream.socket().receive(net::buffer(bytes)));
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 ")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n6\r\n一二\r\n0\r\n\r\n")) << heard;
}

TEST_F(HttpExchangeTest, AWholeAnswerAndOneOfAnOldClient) {
  start([&](HttpRequest const& request, std::shared_ptr<Answer> answer) {
    return work([answer, body = request.body](std::stop_token const&) {
      if (body == "whole") return answer->reply({201, "{}", "application/json", {{"X-Mine", "yes"}}});
      answer->begin({200, "streamed", "text/plain", {}});
      answer->end();
    });
  });
  Visit visit(server_->port());
  visit.ask("whole");
  auto const whole = visit.hear();
  EXPECT_EQ(whole.result_int(), 201U);
  EXPECT_EQ(whole["X-Mine"], "yes");
  visit.ask("old", 10);
  EXPECT_EQ(visit.hear().body(), "streamed");  // the end of the connection is the end of the text
}

TEST_F(HttpExchangeTest, NobodyIsTakenForGoneWhoIsStillThere) {
  // The news that a request has arrived may come after it was read, and must not look like the client's end.
  start([&](HttpRequest const& request, std::shared_ptr<Answer> answer) {
    return work([answer, body = request.body](std::stop_token const&) {
      std::this_thread::sleep_for(200us);
      answer->reply({200, body, "text/plain", {}});
    });
  });
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([this, client] {
      Visit visit(server_->port());
      for (int round = 0; round < 200 && !visit.error; ++round) {
        std::string const body = std::to_string(client * 1000 + round);
        visit.ask(body);
        EXPECT_EQ(visit.hear().body(), body);
      }
      EXPECT_FALSE(visit.error) << visit.error.message();
    });
  }
}

TEST_F(HttpExchangeTest, WhoGoesAwayIsNotWorkedFor) {
  std::atomic<int> begun = 0;
  start([&](HttpRequest const& request, std::shared_ptr<Answer> answer) {
    return work([&begun, answer, silent = request.body == "silent"](std::stop_token const& stop) {
      if (!silent) answer->begin({200, "a", "text/plain", {}});
      ++begun;
      while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
      EXPECT_FALSE(answer->write("too late"));
    });
  });
  for (int round = 0; round < 4; ++round) {
    {
      Visit visit(server_->port());
      visit.ask(round % 2 == 0 ? "silent" : "talking");
      while (begun <= round) std::this_thread::sleep_for(1ms);
    }
    EXPECT_TRUE(dropped(round + 1)) << round;
  }
}

TEST_F(HttpExchangeTest, AClientThatDoesNotReadIsLetGo) {
  std::atomic<bool> refused = false;
  start(
      [&](HttpRequest const&, std::shared_ptr<Answer> answer) {
        return work([&refused, answer](std::stop_token const& stop) {
          answer->begin({200, "", "text/plain", {}});
          while (!stop.stop_requested() && answer->write(std::string(65536, 'x'))) {
          }
          refused = true;
        });
      },
      256 << 10);
  Visit visit(server_->port());
  visit.stream.socket().set_option(net::socket_base::receive_buffer_size(4096));
  visit.ask();
  EXPECT_TRUE(dropped(1));
  EXPECT_TRUE(refused);
  (void)visit.hear();
  EXPECT_TRUE(visit.error) << "what was left out must not look complete";
}

TEST_F(HttpExchangeTest, NoAnswerIsAnErrorAndNotSilence) {
  start([&](HttpRequest const& request, std::shared_ptr<Answer> answer) -> HttpRoutes::Work {
    if (request.body == "half") answer->begin({200, "half", "text/plain", {}});
    return nullptr;
  });
  Visit visit(server_->port());
  visit.ask();
  EXPECT_EQ(visit.hear().result_int(), 500U);
  visit.ask("half");
  (void)visit.hear();
  EXPECT_TRUE(visit.error);
}

TEST_F(HttpExchangeTest, NotReadyIsSaidBeforeAnythingIsAsked) {
  start([&](HttpRequest const&, std::shared_ptr<Answer> const&) -> HttpRoutes::Work {
    ADD_FAILURE();
    return nullptr;
  });
  server_->set_ready(false);
  Visit visit(server_->port());
  visit.ask();
  auto const reply = visit.hear();
  EXPECT_EQ(reply.result_int(), 503U);
  EXPECT_TRUE(reply.count("Retry-After"));
}

TEST_F(HttpExchangeTest, AnAnswerMayOutliveTheServer) {
  std::shared_ptr<Answer> kept;
  std::atomic<bool> asked = false;
  start([&](HttpRequest const&, std::shared_ptr<Answer> answer) -> HttpRoutes::Work {
    kept = std::move(answer);
    asked = true;
    return nullptr;
  });
  Visit visit(server_->port());
  visit.ask();
  while (!asked) std::this_thread::sleep_for(1ms);
  server_.reset();
  EXPECT_FALSE(kept->write("anybody?"));
  kept->reply({});
}

}  // namespace
}  // namespace parley::server
