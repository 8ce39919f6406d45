#include "cloud/net/websocket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>

#include "cloud/net/dial.hpp"
#include "cloud/net/network.hpp"

namespace parley::cloud::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr std::chrono::seconds goodbye_time{2};

template <class Stream>
class WebSocketOver final : public WebSocket {
 public:
  template <class... Args>
  WebSocketOver(asio::any_io_executor executor, Options options, Handlers handlers, Args&... args)
      : options_(std::move(options)), handlers_(std::move(handlers)), ws_(executor, args...), deadline_(executor) {}

  void send(std::string bytes, bool text) override {
    if (done_) return;
    waiting_bytes_ += bytes.size();
    if (waiting_bytes_ > options_.most_waiting_bytes) {
      return end(
          {{core::Code::busy, "the service takes less than is sent; the connection is given up", options_.address.where(), {}},
           0,
           {},
           opened_});
    }
    queue_.emplace_back(std::move(bytes), text);
    write_next();
  }

  void close() override {
    done_ = true;
    if (opened_ && !writing_) {
      return say_goodbye();
    }
    if (!opened_) beast::get_lowest_layer(ws_).cancel();
  }

  asio::awaitable<void> run() {
    auto const self = shared_from_this();
    beast::error_code error;
    watch();
    co_await dial(ws_.next_layer(), options_.address, error);
    websocket::response_type response;
    if (!error) {
      ws_.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
        request.set(beast::http::field::user_agent, "parley");
        for (auto const& [name, value] : options_.headers) request.set(name, value);
      }));
      ws_.read_message_max(options_.most_message_bytes);
      co_await ws_.async_handshake(response, options_.address.authority(), options_.address.path,
                                   asio::redirect_error(asio::use_awaitable, error));
    }
    deadline_.cancel();
    if (error && late_) error = beast::error::timeout;
    if (error) {
      Ended refused{error_of(error, options_.address.where(), "connecting"), 0, {}, false};
      if (error == websocket::error::upgrade_declined) {
        refused.http_status = static_cast<int>(response.result_int());
        refused.body = response.body().substr(0, 4000);
      }
      end(refused);
      co_return;
    }
    opened_ = true;
    if (done_) {
      say_goodbye();
      co_return;
    }
    ws_.binary(true);
    if (handlers_.opened) handlers_.opened(std::string(response["X-Tt-Logid"]));
    write_next();
    co_await read_all();
  }

 private:
  asio::awaitable<void> read_all() {
    beast::flat_buffer buffer;
    beast::error_code error;
    while (!done_) {
      co_await ws_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      auto const bytes = buffer.cdata();
      if (!done_) handlers_.message({static_cast<char const*>(bytes.data()), bytes.size()}, ws_.got_text());
      buffer.consume(buffer.size());
      if (buffer.capacity() > std::size_t{1} << 20U) buffer.shrink_to_fit();
    }
    if (error == websocket::error::closed) {
      end({{core::Code::unavailable, "the service closed the connection", options_.address.where(), {}}, 0, {}, true});
    } else if (error) {
      end({error_of(error, options_.address.where(), "the connection"), 0, {}, true});
    }
  }

  void watch() {
    deadline_.expires_after(options_.open_within);
    deadline_.async_wait([weak = weak_from_this(), this](beast::error_code error) {
      auto const self = weak.lock();
      if (error || !self || opened_) return;
      late_ = true;
      cancel_dialling();
    });
  }
  void cancel_dialling() { beast::get_lowest_layer(ws_).close(); }

  void write_next() {
    if (!opened_ || writing_ || done_ || queue_.empty()) return;
    writing_ = true;
    ws_.text(queue_.front().second);
    auto const self = shared_from_this();
    ws_.async_write(asio::buffer(queue_.front().first), [this, self](beast::error_code error, std::size_t) {
      writing_ = false;
      waiting_bytes_ -= queue_.front().first.size();
      queue_.pop_front();
      if (error) return end({error_of(error, options_.address.where(), "sending"), 0, {}, true});
      if (done_) return say_goodbye();
      write_next();
    });
  }

  void end(Ended const& how) {
    if (std::exchange(done_, true)) return;
    deadline_.cancel();
    beast::get_lowest_layer(ws_).close();
    if (handlers_.ended) handlers_.ended(how);
  }

  /// A close frame if the other side still takes one, then the socket goes.
  void say_goodbye() {
    if (std::exchange(leaving_, true)) return;
    auto const self = shared_from_this();
    deadline_.expires_after(goodbye_time);
    deadline_.async_wait([this, self](beast::error_code error) {
      if (!error) beast::get_lowest_layer(ws_).close();
    });
    ws_.async_close(websocket::close_code::normal, [this, self](beast::error_code) {
      deadline_.cancel();
      beast::get_lowest_layer(ws_).close();
    });
  }

  Options options_;
  Handlers handlers_;
  websocket::stream<Stream> ws_;
  asio::steady_timer deadline_;
  std::deque<std::pair<std::string, bool>> queue_;
  std::size_t waiting_bytes_ = 0;
  bool opened_ = false, writing_ = false, done_ = false, late_ = false, leaving_ = false;
};

template <class Socket>
void begin(std::shared_ptr<Socket> const& socket, asio::any_io_executor const& executor) {
  asio::co_spawn(executor, [socket] { return socket->run(); }, asio::detached);
}

}  // namespace

std::shared_ptr<WebSocket> WebSocket::open(Network& network, asio::any_io_executor executor, Options options,
                                           Handlers handlers) {
  if (options.address.tls) {
    auto socket = std::make_shared<WebSocketOver<TlsStream>>(executor, std::move(options), std::move(handlers), network.tls());
    begin(socket, executor);
    return socket;
  }
  auto socket = std::make_shared<WebSocketOver<PlainStream>>(executor, std::move(options), std::move(handlers));
  begin(socket, executor);
  return socket;
}

}  // namespace parley::cloud::net
