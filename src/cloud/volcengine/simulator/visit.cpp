// g++ 12 takes the frames of coroutines that it inlines for memory that is freed by another allocator than it came from.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

#include "cloud/volcengine/simulator/visit.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>

#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/simulator/http_answers.hpp"

namespace parley::cloud::volcengine {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

Frame error_frame(std::uint32_t code, std::string const& message) {
  Frame frame;
  frame.type = MessageType::error;
  frame.code = code;
  frame.payload = R"({"error":")" + message + R"("})";
  return frame;
}

bool Peer::spoil(Fault const& fault, Frame const& frame) {
  using Kind = Fault::Kind;
  switch (fault.kind) {
    case Kind::error_frame:
      send(error_frame(fault.code, "injected"));
      close();
      return true;
    case Kind::reset: cut(); return true;
    case Kind::stall: return true;
    case Kind::half_frame: {
      auto bytes = encode(frame);
      bytes.resize(bytes.size() / 2);
      send(std::move(bytes));
      return true;
    }
    case Kind::wrong_compression: {
      auto bytes = encode(frame);
      bytes[2] = static_cast<char>(static_cast<unsigned>(bytes[2]) | 1U);
      send(std::move(bytes));
      return true;
    }
    default: return false;
  }
}

namespace {

constexpr std::string_view dialogue_path = "/api/v3/realtime/dialogue";

bool is_spoken_here(std::string const& path) {
  return path == "/api/v3/tts/bidirection" || path == "/api/v3/tts/unidirectional/stream" || path == "/api/v1/tts/ws_binary" ||
         path == dialogue_path;
}

class SocketPeer final : public Peer {
 public:
  explicit SocketPeer(beast::tcp_stream stream) : ws_(std::move(stream)) {}

  asio::awaitable<void> run(Request request, std::shared_ptr<SimulatorState> state, Fault fault) {
    auto const self = shared_from_this();
    std::string const path(request.target());
    std::string const connect_id(request["X-Api-Connect-Id"]);
    ws_.set_option(websocket::stream_base::decorator([connect_id](websocket::response_type& response) {
      response.set("X-Tt-Logid", "simulated-" + uuid().substr(0, 8));
      if (!connect_id.empty()) response.set("X-Api-Connect-Id", connect_id);
    }));
    ws_.read_message_max(most_payload_bytes);
    beast::error_code error;
    co_await ws_.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    ws_.binary(true);
    open_ = true;
    if (path == dialogue_path) {
      session_ = dialogue_session(state, *this);
    } else if (path.find("/tts/") != std::string::npos) {
      session_ = synthesis_session(state, *this, path);
    } else {
      session_ = recognition_session(state, *this, fault, path);
    }
    beast::flat_buffer buffer;
    while (open_) {
      co_await ws_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      auto const bytes = buffer.cdata();
      if (open_ && !closing_) session_->take({static_cast<char const*>(bytes.data()), bytes.size()}, ws_.got_text());
      buffer.consume(buffer.size());
    }
    open_ = false;
    session_.reset();
  }

  void send(std::string bytes) override {
    if (!open_ || closing_) return;
    queue_.push_back(std::move(bytes));
    write_next();
  }
  void close() override {
    closing_ = true;
    if (!writing_) leave();
  }
  void cut() override {
    open_ = false;
    beast::get_lowest_layer(ws_).close();
  }
  void after(std::chrono::milliseconds time, std::function<void()> then) override {
    auto timer = std::make_shared<asio::steady_timer>(ws_.get_executor(), time);
    timer->async_wait([timer, weak = weak_from_this(), this, then = std::move(then)](beast::error_code error) {
      auto const self = weak.lock();
      if (!error && self && open_) then();
    });
  }
  std::function<void(std::function<void()>)> poster() override {
    return [weak = weak_from_this(), this, executor = ws_.get_executor()](std::function<void()> then) {
      if (weak.expired()) return;
      asio::post(executor, [weak, this, then = std::move(then)] {
        auto const self = weak.lock();
        if (self && open_) then();
      });
    };
  }

 private:
  void write_next() {
    if (writing_ || queue_.empty() || !open_) return;
    writing_ = true;
    auto const self = shared_from_this();
    ws_.async_write(asio::buffer(queue_.front()), [this, self](beast::error_code error, std::size_t) {
      writing_ = false;
      queue_.pop_front();
      if (error) {
        open_ = false;
        return;
      }
      if (!queue_.empty()) return write_next();
      if (closing_) leave();
    });
  }
  void leave() {
    if (std::exchange(left_, true) || !open_) return;
    auto const self = shared_from_this();
    ws_.async_close(websocket::close_code::normal, [self](beast::error_code) {});
  }

  websocket::stream<beast::tcp_stream> ws_;
  std::shared_ptr<Session> session_;
  std::deque<std::string> queue_;
  bool open_ = false, closing_ = false, writing_ = false, left_ = false;
};

}  // namespace

asio::awaitable<void> visit(std::shared_ptr<SimulatorState> state, asio::ip::tcp::socket socket) {
  beast::error_code error;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{8} << 20U);
    stream.expires_after(std::chrono::seconds(60));
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    stream.expires_never();
    Request const request = parser.release();
    auto const target = request.target();
    if (websocket::is_upgrade(request)) {
      bool const recognition = target.starts_with("/api/v3/sauc/bigmodel");
      bool const known = recognition || is_spoken_here(std::string(target));
      auto const fault = recognition ? state->next(Product::recognition) : Fault{};
      auto const code = refusal(*state, request, fault);
      if (known && code == 0) {
        auto const peer = std::make_shared<SocketPeer>(std::move(stream));
        co_await peer->run(request, state, fault);
        co_return;
      }
      auto response = !known ? answer(request, 404, "{}") : answer(request, status_of(code), refusal_body(code));
      co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
      if (error || !response.keep_alive()) co_return;
      continue;
    }
    bool const keep = co_await answer_request(state, stream, request);
    if (!keep) co_return;
  }
}

}  // namespace parley::cloud::volcengine
