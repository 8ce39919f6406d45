#pragma once
// What all connections of one server share.
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/access.hpp"
#include "server/client_secrets.hpp"
#include "server/server.hpp"

namespace parley::server {

class WebSocketSession;

class ServerState : public std::enable_shared_from_this<ServerState> {
 public:
  ServerState(Options given, Hooks hooks_given);

  Options const options;
  Hooks const hooks;
  std::shared_ptr<KeyBook> const keys;
  Access const access;
  ClientSecrets secrets;
  boost::asio::any_io_executor executor;  ///< of all the threads; set before the first connection
  std::atomic<bool> ready = false, draining = false;
  std::atomic<int> connections = 0;

  /// A place among the sessions or among the answers; given back when destroyed.
  class Place {
   public:
    Place(std::shared_ptr<ServerState> state, int ServerState::* among) : state_(std::move(state)), among_(among) {}
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    std::shared_ptr<ServerState> state_;
    int ServerState::* among_;
  };
  enum class Full { limit, stages };
  /// Exact, however many ask at once.
  [[nodiscard]] std::expected<Place, Full> admit();
  /// One more turn was answered.
  void answered();
  [[nodiscard]] std::string metrics() const;

  /// For an answer that takes its time: the server does not end before it, within its patience.
  [[nodiscard]] Place answering();

  void enter(std::weak_ptr<WebSocketSession> session);
  [[nodiscard]] std::vector<std::shared_ptr<WebSocketSession>> present();
  [[nodiscard]] int sessions() const;
  /// No session and no answer any more.
  bool wait_until_empty(std::chrono::milliseconds longest);

  /// The server's own routes and those it was given.
  HttpRoutes routes;

 private:
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  int sessions_ = 0, answers_ = 0;
  std::uint64_t admitted_ = 0, beyond_limit_ = 0, beyond_stages_ = 0, turns_ = 0;
  std::vector<std::weak_ptr<WebSocketSession>> entered_;
};

}  // namespace parley::server
