#include "server/http_exchange.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <utility>

namespace parley::server {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

template <class Body>
http::response<Body> response_of(HttpReply const& reply, unsigned version, bool keep_alive) {
  http::response<Body> response(static_cast<http::status>(reply.status), version);
  response.set(http::field::server, "parley");
  response.set(http::field::content_type, reply.type);
  for (auto const& [name, value] : reply.headers) response.set(name, value);
  response.keep_alive(keep_alive);
  return response;
}

std::string head_of(http::response<http::empty_body>& response) {
  std::string bytes;
  http::response_serializer<http::empty_body> serializer(response);
  serializer.split(true);  // the chunks are the caller's
  beast::error_code error;
  serializer.next(error, [&](beast::error_code&, auto const& buffers) { bytes = beast::buffers_to_string(buffers); });
  return bytes;
}

}  // namespace

net::awaitable<bool> write_reply(beast::tcp_stream& stream, HttpReply reply, unsigned version, bool keep_alive,
                                 bool head_only) {
  auto response = response_of<http::string_body>(reply, version, keep_alive);
  auto const length = reply.body.size();
  if (!head_only) response.body() = std::move(reply.body);
  response.content_length(length);
  beast::error_code error;
  co_await http::async_write(stream, response, net::redirect_error(net::use_awaitable, error));
  co_return !error;
}

/// Every copy that a handler keeps is this one object, so its end is the last word.
class HttpExchange::Handle final : public Answer {
 public:
  explicit Handle(std::shared_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}
  ~Handle() override { exchange_->say_end(false); }
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;

  void reply(HttpReply reply) override { exchange_->say_head(std::move(reply), false); }
  void begin(HttpReply head) override { exchange_->say_head(std::move(head), true); }
  bool write(std::string piece) override { return exchange_->say_piece(std::move(piece)); }
  void end() override { exchange_->say_end(true); }

 private:
  std::shared_ptr<HttpExchange> exchange_;
};

std::shared_ptr<Answer> HttpExchange::answer() { return std::make_shared<Handle>(shared_from_this()); }

void HttpExchange::say_head(HttpReply head, bool streamed) {
  std::lock_guard const lock(mutex_);
  if (closed_ || has_head_) return;
  has_head_ = true;
  said_.streamed = streamed;
  if (streamed) said_.pieces = std::exchange(head.body, {});
  said_.head = std::move(head);
  said_.ended = closed_ = !streamed;
  wake();
}

bool HttpExchange::say_piece(std::string piece) {
  std::lock_guard const lock(mutex_);
  if (closed_ || gone_) return false;
  bool const heard = said_.pieces.size() + piece.size() <= most_bytes_;
  if (heard) {
    said_.pieces += piece;
  } else {
    gone_ = closed_ = true;
  }
  wake();
  return heard;
}

void HttpExchange::say_end(bool complete) {
  std::lock_guard const lock(mutex_);
  if (closed_) return;
  closed_ = said_.ended = true;
  incomplete_ = !complete;
  if (!has_head_) {
    has_head_ = true;
    said_.head = error_reply(500, {"internal", "The request was left without an answer; see the log.", {}, {}, "server_error"});
    incomplete_ = false;
  }
  wake();
}

/// Under the lock. Once is enough until the writer has taken what was said.
void HttpExchange::wake() {
  if (!strand_ || std::exchange(woken_, true)) return;
  net::post(strand_, [self = shared_from_this()] {
    if (self->signal_) self->signal_->cancel();
  });
}

void HttpExchange::close() {
  std::lock_guard const lock(mutex_);
  gone_ = closed_ = true;
  strand_ = {};
}

HttpExchange::Said HttpExchange::take() {
  std::lock_guard const lock(mutex_);
  woken_ = false;
  Said taken;
  taken.head = std::exchange(said_.head, std::nullopt);
  taken.streamed = said_.streamed;
  taken.pieces = std::exchange(said_.pieces, {});
  taken.ended = said_.ended;
  return taken;
}

/// Wakes when something can be read: the end of a client that has gone, or its next request, which has to wait.
void HttpExchange::watch(beast::tcp_stream& stream) {
  watching_ = true;
  stream.socket().async_wait(net::ip::tcp::socket::wait_read, [self = shared_from_this()](beast::error_code error) {
    self->watching_ = false;
    if (error) return;
    self->readable_ = true;
    if (self->signal_) self->signal_->cancel();
  });
}

/// Until something has been said. False when the client has gone.
net::awaitable<bool> HttpExchange::wait(beast::tcp_stream& stream) {
  {
    std::lock_guard const lock(mutex_);
    if (gone_) co_return false;
  }
  if (!readable_) {
    beast::error_code error;
    signal_->expires_at(net::steady_timer::time_point::max());
    co_await signal_->async_wait(net::redirect_error(net::use_awaitable, error));
  }
  std::lock_guard const lock(mutex_);
  if (gone_) co_return false;
  if (std::exchange(readable_, false)) {
    // The reactor may also wake for bytes that have been read since: only what lies there now counts.
    beast::error_code error;
    char next = 0;
    stream.socket().receive(net::buffer(&next, 1), net::socket_base::message_peek, error);
    if (error == net::error::would_block || error == net::error::try_again)
      watch(stream);
    else if (error)
      gone_ = true;
  }
  co_return !gone_;
}

net::awaitable<bool> HttpExchange::write(beast::tcp_stream& stream, Said said, unsigned version, bool keep_alive,
                                         std::chrono::seconds patience) {
  beast::error_code error;
  stream.expires_after(patience);
  if (said.head && finish_head_) finish_head_(*said.head);
  if (said.head && !said.streamed) co_return co_await write_reply(stream, *std::move(said.head), version, keep_alive, false);
  // What is there goes out in one piece: an answer that was quick needs no second packet.
  std::string bytes;
  if (said.head) {
    chunked_ = version >= 11;
    auto head = response_of<http::empty_body>(*said.head, version, keep_alive && chunked_);
    head.chunked(chunked_);
    bytes = head_of(head);
  }
  if (!said.pieces.empty()) {
    bytes += chunked_ ? fmt::format("{:x}\r\n{}\r\n", said.pieces.size(), said.pieces) : said.pieces;
  }
  bool whole = false;
  if (said.ended && chunked_) {
    std::lock_guard const lock(mutex_);
    whole = !incomplete_;  // closing without the last chunk tells that something is missing
  }
  if (whole) bytes += "0\r\n\r\n";
  co_await net::async_write(stream, net::buffer(bytes), net::redirect_error(net::use_awaitable, error));
  co_return !error && (whole || !said.ended);
}

net::awaitable<bool> HttpExchange::carry(beast::tcp_stream& stream, HttpRoutes::Work work, unsigned version, bool keep_alive,
                                         std::chrono::seconds patience) {
  // Also when the server ends and this coroutine is destroyed where it waits.
  struct Closing {
    explicit Closing(std::shared_ptr<HttpExchange> owner) : exchange(std::move(owner)) {}
    Closing(Closing const&) = delete;
    Closing& operator=(Closing const&) = delete;
    ~Closing() {
      exchange->close();
      exchange->signal_.reset();
    }
    std::shared_ptr<HttpExchange> exchange;
  } const closing(shared_from_this());
  signal_.emplace(stream.get_executor());
  beast::error_code ignored;
  stream.socket().non_blocking(true, ignored);  // for the look at what has arrived; asynchronous work does not care
  stream.expires_never();
  watch(stream);
  bool good = true;
  for (;;) {
    Said said = take();
    bool const ended = said.ended;
    if (said.head || !said.pieces.empty() || ended) {
      good = co_await write(stream, std::move(said), version, keep_alive, patience);
      stream.expires_never();
      if (!good || ended) break;
    } else if (good = co_await wait(stream); !good) {
      break;
    }
  }
  close();
  work.reset();
  if (watching_) {  // nothing else is under way on the socket
    beast::error_code error;
    stream.socket().cancel(error);
  }
  co_return good&& keep_alive;
}

}  // namespace parley::server
