// Answers as a server's writes cut them, over a real socket.
#include "cloud/net/http_client.hpp"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cloud/net/network.hpp"

namespace parley::cloud::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::ElementsAre;

constexpr auto patience = 20s;
constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What a request has brought so far.
class Heard {
 public:
  void piece(std::string_view piece) {
    std::lock_guard const lock(mutex_);
    pieces_.emplace_back(piece);
    changed_.notify_all();
  }
  void end(core::Result<void> end) {
    std::lock_guard const lock(mutex_);
    end_ = std::move(end);
    changed_.notify_all();
  }
  /// False when they have not come in time.
  bool wait_for_pieces(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return pieces_.size() >= count; });
  }
  core::Result<void> wait_for_end() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return end_.has_value(); })) return core::fail(core::Code::deadline, "no end");
    return *end_;
  }
  /// Only after the end.
  [[nodiscard]] std::vector<std::string> const& pieces() const { return pieces_; }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (auto const& piece : pieces_) text += piece;
    return text;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> pieces_;
  std::optional<core::Result<void>> end_;
};

HttpClient::Handlers handlers(std::shared_ptr<Heard> const& heard) {
  return {{},
          [heard](std::string_view piece) { heard->piece(piece); },
          [heard](core::Result<void> end) { heard->end(std::move(end)); }};
}

/// Takes requests and answers them with the bytes a test wants.
class Scripted {
 public:
  Scripted() : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {}

  [[nodiscard]] HttpRequest request() const {
    HttpRequest request;
    request.address = *parse_address("http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/answer");
    request.patience.first_byte = request.patience.between = patience;
    return request;
  }
  /// The next request; the first opens the connection that all others come on.
  void take() {
    if (!peer_) {
      peer_.emplace(acceptor_.accept());
      peer_->set_option(tcp::no_delay(true));
    }
    std::string asked;
    boost::asio::read_until(*peer_, boost::asio::dynamic_buffer(asked), "\r\n\r\n");
  }
  void write(std::string_view bytes) { boost::asio::write(*peer_, boost::asio::buffer(bytes)); }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::optional<tcp::socket> peer_;
};

class HttpClientTest : public testing::Test {
 protected:
  std::unique_ptr<Network> network_ = *Network::start();
  HttpClient client_{*network_};
  Scripted server_;
};

TEST_F(HttpClientTest, APieceIsHandedOnBeforeTheNextHasCome) {
  auto const heard = std::make_shared<Heard>();
  auto const job = client_.send(server_.request(), handlers(heard));
  server_.take();
  server_.write(head);
  std::size_t pieces = 0;
  for (std::string_view const chunk : {"3\r\none\r\n", "3\r\ntwo\r\n5", "\r\nthree\r\n"}) {
    server_.write(chunk);  // the end of a chunk's line, and the beginning of the next, lie in the buffer meanwhile
    ASSERT_TRUE(heard->wait_for_pieces(++pieces)) << chunk;
  }
  server_.write("0\r\n\r\n");
  EXPECT_TRUE(heard->wait_for_end());
  EXPECT_THAT(heard->pieces(), ElementsAre("one", "two", "three"));
}

TEST_F(HttpClientTest, WhatCameTogetherIsHandedOnTogether) {
  auto const heard = std::make_shared<Heard>();
  auto const job = client_.send(server_.request(), handlers(heard));
  server_.take();
  server_.write(std::string(head) + "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
  EXPECT_TRUE(heard->wait_for_end());
  EXPECT_THAT(heard->pieces(), ElementsAre("onetwothree"));
}

TEST_F(HttpClientTest, AnAnswerIsTheSameWhereverItIsCut) {
  std::string const answer =
      std::string(head) + "3\r\none\r\n10;note=1\r\n0123456789abcdef\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    auto const heard = std::make_shared<Heard>();
    auto const job = client_.send(server_.request(), handlers(heard));
    server_.take();
    server_.write(std::string_view(answer).substr(0, cut));
    std::this_thread::sleep_for(1ms);  // so that the two mostly come apart
    server_.write(std::string_view(answer).substr(cut));
    ASSERT_TRUE(heard->wait_for_end()) << cut;
    EXPECT_EQ(heard->text(), "one0123456789abcdef!") << cut;
  }
  EXPECT_EQ(client_.counts().opened, 1U);
}

TEST_F(HttpClientTest, ABrokenChunkIsAnErrorBehindWhatCameBefore) {
  auto const heard = std::make_shared<Heard>();
  auto const job = client_.send(server_.request(), handlers(heard));
  server_.take();
  server_.write(std::string(head) + "3\r\none\r\nnonsense\r\n");
  EXPECT_FALSE(heard->wait_for_end());
  EXPECT_EQ(heard->text(), "one");
}

}  // namespace
}  // namespace parley::cloud::net
