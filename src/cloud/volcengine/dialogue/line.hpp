#pragma once
// The connection of one call to the realtime dialogue: opened when something is to be said over it, greeted, its session
// started, and what was said meanwhile sent after it. When it breaks it stays closed until somebody speaks again.
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "cloud/net/network.hpp"
#include "cloud/net/websocket.hpp"
#include "cloud/volcengine/dialogue/codec.hpp"
#include "core/clock.hpp"

namespace parley::cloud::volcengine::dialogue {

/// On the strand it is given.
class Line {
 public:
  struct Handlers {
    std::function<void()> ready;                                   ///< the session has started
    std::function<void(News const&)> news;                         ///< of the session
    std::function<void(Verdict const&, std::uint32_t code)> lost;  ///< it is closed already
  };
  Line(net::Network& network, boost::asio::any_io_executor strand, net::WebSocket::Options options, Handlers handlers);
  ~Line() = default;  // without a word: the network may be going as well
  Line(Line const&) = delete;
  Line& operator=(Line const&) = delete;

  /// Opens it when it is closed.
  void open(Setup const& setup);
  static constexpr std::size_t most_waiting = 64;  ///< frames
  /// Kept until the session has started; more than so many end the connection. Only between `open` and `lost`.
  void send(Frame const& frame);
  /// Another session on the same connection: what the service knows of the present one is forgotten.
  void begin_anew(Setup const& setup);
  void close();
  /// Closes it and says so.
  void fail(Verdict const& why, std::uint32_t code);

  [[nodiscard]] bool closed() const { return state_ == State::closed; }
  [[nodiscard]] bool ready() const { return state_ == State::ready; }
  [[nodiscard]] core::Instant since() const { return since_; }  ///< of its opening
  [[nodiscard]] std::string const& session() const { return session_; }
  [[nodiscard]] std::string const& log_id() const { return log_id_; }

 private:
  enum class State { closed, greeting, finishing, starting, ready };
  void take(std::string_view bytes, bool text);
  void ended(net::WebSocket::Ended const& how);

  net::Network& network_;
  boost::asio::any_io_executor strand_;
  net::WebSocket::Options options_;
  Handlers handlers_;
  State state_ = State::closed;
  Setup setup_;
  std::shared_ptr<net::WebSocket> socket_;
  std::shared_ptr<bool> alive_;  // of the present socket's handlers
  std::deque<std::string> waiting_;
  std::string session_, finishing_, log_id_;
  core::Instant since_{};
};

}  // namespace parley::cloud::volcengine::dialogue
