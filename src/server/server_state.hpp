#pragma once
// What all connections of one server share.
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
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

  /// A place among the sessions; given back when destroyed.
  class Place {
   public:
    explicit Place(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    std::shared_ptr<ServerState> state_;
  };
  /// nullopt: all are taken. Exact, however many ask at once.
  [[nodiscard]] std::optional<Place> admit();

  void enter(std::weak_ptr<WebSocketSession> session);
  [[nodiscard]] std::vector<std::shared_ptr<WebSocketSession>> present();
  [[nodiscard]] int sessions() const;
  bool wait_until_empty(std::chrono::milliseconds longest);

  /// The server's own routes and those it was given.
  HttpRoutes routes;

 private:
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  int sessions_ = 0;
  std::vector<std::weak_ptr<WebSocketSession>> entered_;
};

}  // namespace parley::server
