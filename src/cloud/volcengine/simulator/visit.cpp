#include "cloud/volcengine/simulator/visit.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>

#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/simulator/chat_answer.hpp"
#include "cloud/volcengine/verdict.hpp"

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

using Request = http::request<http::string_body>;

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
    session_ = path.find("/tts/") != std::string::npos ? synthesis_session(state, *this)
                                                       : recognition_session(state, *this, fault, path);
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

http::response<http::string_body> answer(Request const& request, int status, std::string body) {
  http::response<http::string_body> response(static_cast<http::status>(status), request.version());
  response.set(http::field::content_type, "application/json");
  response.set("X-Tt-Logid", "simulated-refusal");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

/// Why an upgrade is refused; 0: it is not.
std::uint32_t refusal(SimulatorState const& state, Request const& request, Fault const& fault) {
  if (fault.kind == Fault::Kind::refuse) return fault.code;
  std::string const api_key(request["X-Api-Key"]);
  std::string const token(request["X-Api-Access-Key"]);
  if (!api_key.empty() && !token.empty()) return 45000010;
  auto const& given = api_key.empty() ? token : api_key;
  if (given.empty() || (!state.options.key.empty() && given != state.options.key)) return 45000010;
  if (request["X-Api-Resource-Id"].empty()) return 45000030;
  return 0;
}

int status_of(std::uint32_t code) { return code == 45000010 ? 401 : code == 45000030 ? 403 : 500; }

/// Pieces of an answer from the engine's thread to the connection's coroutine.
struct Pieces {
  explicit Pieces(asio::any_io_executor const& executor) : executor_(executor), news(executor) {
    news.expires_at(asio::steady_timer::time_point::max());
  }
  static language::Model::Sink sink(std::shared_ptr<Pieces> const& pieces) {
    return [pieces](language::Piece piece) {
      asio::post(pieces->executor_, [pieces, piece = std::move(piece)]() mutable {
        pieces->waiting.push_back(std::move(piece));
        pieces->news.cancel();
      });
    };
  }
  asio::any_io_executor executor_;
  asio::steady_timer news;
  std::deque<language::Piece> waiting;
};

asio::awaitable<bool> stream_answer(std::shared_ptr<SimulatorState> state, beast::tcp_stream& stream, Request const& request,
                                    ChatWish wish, Fault fault) {
  using Kind = Fault::Kind;
  beast::error_code error;
  http::response<http::empty_body> head(http::status::ok, 11);
  head.set(http::field::content_type, "text/event-stream; charset=utf-8");
  head.set("X-Request-Id", "simulated-" + uuid().substr(0, 8));
  head.chunked(true);
  head.keep_alive(request.keep_alive());
  http::response_serializer<http::empty_body> serializer(head);
  co_await http::async_write_header(stream, serializer, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return false;
  asio::steady_timer pause(stream.get_executor(), state->options.first_token);
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  auto const pieces = std::make_shared<Pieces>(stream.get_executor());
  auto const job = state->options.model->generate(std::move(wish.request), Pieces::sink(pieces));
  bool over = false;
  int sent = 0;
  while (!over) {
    while (pieces->waiting.empty()) {
      beast::error_code woken;
      pieces->news.expires_at(asio::steady_timer::time_point::max());
      co_await pieces->news.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    auto const piece = std::move(pieces->waiting.front());
    pieces->waiting.pop_front();
    std::string text;
    if (auto const* delta = std::get_if<language::Delta>(&piece)) {
      text = chat_delta(wish.model, delta->text);
    } else if (auto const* finish = std::get_if<language::Finish>(&piece)) {
      text = chat_finish(wish, *finish);
      over = true;
    } else {
      text = "data: " + chat_error("InternalServiceError", "the engine failed") + "\n\n";
      over = true;
    }
    if (fault.kind == Kind::reset || (fault.kind == Kind::reset_midway && sent == 3)) {
      stream.close();
      co_return false;
    }
    if (fault.kind == Kind::stall) {
      pause.expires_after(std::chrono::hours(1));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    if (fault.kind == Kind::error_frame || fault.kind == Kind::half_frame) {
      text = fault.kind == Kind::half_frame
                 ? "data: {\"choices\":[{\n\n"
                 : "data: " + chat_error(chat_code_of(static_cast<int>(fault.code)), "injected") + "\n\n";
      over = true;
    }
    co_await asio::async_write(stream, http::make_chunk(asio::buffer(text)), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    ++sent;
  }
  co_await asio::async_write(stream, http::make_chunk_last(), asio::redirect_error(asio::use_awaitable, error));
  co_return !error && request.keep_alive();
}

asio::awaitable<bool> chat(std::shared_ptr<SimulatorState> state, beast::tcp_stream& stream, Request const& request) {
  auto const fault = state->next(Product::chat);
  std::string const key(request[http::field::authorization]);
  int refused = 0;
  if (fault.kind == Fault::Kind::refuse) refused = static_cast<int>(fault.code);
  if (!key.starts_with("Bearer ") || (!state->options.key.empty() && key != "Bearer " + state->options.key)) refused = 401;
  beast::error_code error;
  auto wish = read_chat(request.body());
  if (refused == 0 && wish) co_return co_await stream_answer(state, stream, request, *std::move(wish), fault);
  auto response = refused != 0 ? answer(request, refused, chat_error(chat_code_of(refused), "Request id: simulated"))
                               : answer(request, 400, chat_error("InvalidParameter", wish.error().message));
  co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && response.keep_alive();
}

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
      bool const known = recognition || target == "/api/v3/tts/bidirection";
      auto const fault = recognition ? state->next(Product::recognition) : Fault{};
      auto const code = refusal(*state, request, fault);
      if (known && code == 0) {
        auto const peer = std::make_shared<SocketPeer>(std::move(stream));
        co_await peer->run(request, state, fault);
        co_return;
      }
      auto response =
          !known ? answer(request, 404, "{}")
                 : answer(request, status_of(code),
                          R"({"header":{"reqid":"simulated","code":)" + std::to_string(code) + R"(,"message":"refused"}})");
      co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
      if (error || !response.keep_alive()) co_return;
      continue;
    }
    bool keep = false;
    if (request.method() == http::verb::post && target == "/api/v3/chat/completions") {
      keep = co_await chat(state, stream, request);
    } else {
      auto response = answer(request, 404, "{}");
      co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
      keep = !error && response.keep_alive();
    }
    if (!keep) co_return;
  }
}

}  // namespace parley::cloud::volcengine
