#pragma once
// One WebSocket: carries bytes between a client, its RealtimeSession and its Call. Lives on the strand of its socket.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/realtime_session.hpp"
#include "server/server_state.hpp"

namespace parley::server {

class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  WebSocketSession(boost::beast::tcp_stream stream, std::shared_ptr<ServerState> state, ServerState::Place place);
  ~WebSocketSession();

  /// What the call tells; from any thread, also before `begin` and after the end.
  [[nodiscard]] conversation::Call::Listener listener();

  /// The client speaks the beta protocol. Before `begin`.
  void speak_beta() { beta_ = true; }

  /// The call is open: from here on its news is understood. `preset`: a session update that holds from the begin; null: none.
  /// `hold`: the key's place for it; null: no key.
  void begin(OpenedCall opened, std::string model, Json const& preset, std::unique_ptr<KeyAccount::CallHold> hold);

  /// The call could not be opened: the socket goes back to whoever answers that. The session is of no use afterwards.
  [[nodiscard]] boost::asio::ip::tcp::socket release();

  /// Answers the handshake and carries until one side ends. On the strand.
  boost::asio::awaitable<void> run(Request request);

  /// Close with 1001 once the call is at rest (conversation::EndAsked); from any thread.
  void drain();

  /// Close with 1001 now; from any thread.
  void shut_down();

 private:
  boost::asio::awaitable<void> read_all();
  void take(std::string_view message);
  void on_news(conversation::Command const& news);
  void send(Outgoing message);
  void drop_silenced();
  void write_next();
  void written(boost::beast::error_code error);
  void close(boost::beast::websocket::close_code code, std::string_view reason);
  void close_when_sent(boost::beast::websocket::close_code code, std::string_view reason);
  void start_clock();
  [[nodiscard]] std::chrono::seconds longest() const;
  void finish();
  void account_for(std::size_t bytes);
  [[nodiscard]] bool too_far_ahead(std::size_t samples);

  std::shared_ptr<ServerState> state_;
  ServerState::Place place_;
  std::unique_ptr<KeyAccount::CallHold> hold_;
  boost::beast::websocket::stream<boost::beast::tcp_stream> ws_;
  boost::beast::flat_buffer buffer_;
  std::optional<RealtimeSession> session_;
  std::shared_ptr<conversation::Call> call_;
  std::string id_;

  std::deque<Outgoing> queue_;
  Outgoing writing_;              ///< its bytes belong to the socket until `written`
  std::size_t queued_bytes_ = 0;  ///< of both
  bool beta_ = false;
  bool accepted_ = false, write_pending_ = false, closing_ = false, finished_ = false;
  std::optional<boost::beast::websocket::close_reason> goodbye_;  ///< to be said once the queue is empty

  boost::asio::steady_timer clock_;     ///< longest session
  boost::asio::steady_timer patience_;  ///< for a client that does not answer our close
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::int64_t heard_samples_ = 0;
};

}  // namespace parley::server
