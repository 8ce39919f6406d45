#pragma once
// One request whose answer takes its time: the handler speaks from any thread, the connection writes on its strand.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/http_routes.hpp"

namespace parley::server {

/// What has been said and not yet been written. At most `most_bytes` wait for the client; one that lets more pile up is let go.
class HttpExchange final : public std::enable_shared_from_this<HttpExchange> {
 public:
  HttpExchange(boost::asio::any_io_executor strand, std::size_t most_bytes)
      : most_bytes_(most_bytes), strand_(std::move(strand)) {}

  /// For the handler. When the last copy of it goes without an end, that is an end too.
  [[nodiscard]] std::shared_ptr<Answer> answer();

  /// Called with every head before it is written; set before `carry`.
  void on_head(std::function<void(HttpReply&)> finish) { finish_head_ = std::move(finish); }

  /// Writes what is said until its end. The work is dropped before this returns. True when the connection may go on.
  /// On the strand.
  boost::asio::awaitable<bool> carry(boost::beast::tcp_stream& stream, HttpRoutes::Work work, unsigned version, bool keep_alive,
                                     std::chrono::seconds patience);

 private:
  class Handle;
  struct Said {
    std::optional<HttpReply> head;
    bool streamed = false;
    std::string pieces;
    bool ended = false;
  };
  void say_head(HttpReply head, bool streamed);
  bool say_piece(std::string piece);
  void say_end(bool complete);
  void wake();
  void close();
  [[nodiscard]] Said take();
  void watch(boost::beast::tcp_stream& stream);
  [[nodiscard]] boost::asio::awaitable<bool> wait(boost::beast::tcp_stream& stream);
  boost::asio::awaitable<bool> write(boost::beast::tcp_stream& stream, Said said, unsigned version, bool keep_alive,
                                     std::chrono::seconds patience);

  std::size_t most_bytes_;
  std::function<void(HttpReply&)> finish_head_;
  std::optional<boost::asio::steady_timer> signal_;  // on the strand, as are the next four
  bool readable_ = false, watching_ = false, chunked_ = false;

  std::mutex mutex_;                     // guards the rest
  boost::asio::any_io_executor strand_;  // empty once the connection is done: a handler may outlive the server
  Said said_;
  bool has_head_ = false, closed_ = false, gone_ = false, incomplete_ = false, woken_ = false;
};

/// The reply's head and body in one.
boost::asio::awaitable<bool> write_reply(boost::beast::tcp_stream& stream, HttpReply reply, unsigned version, bool keep_alive,
                                         bool head_only);

}  // namespace parley::server
