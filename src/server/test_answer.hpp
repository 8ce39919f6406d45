#pragma once
// An answer that keeps what is said, for tests of routes without a socket.
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/http_routes.hpp"

namespace parley::server {

class TestAnswer final : public Answer {
 public:
  void reply(HttpReply reply) override {
    std::lock_guard const lock(mutex_);
    head = std::move(reply);
    ended_ = true;
  }
  void begin(HttpReply given) override {
    std::lock_guard const lock(mutex_);
    pieces.push_back(given.body);
    head = std::move(given);
    begun = true;
  }
  bool write(std::string piece) override {
    std::lock_guard const lock(mutex_);
    pieces.push_back(std::move(piece));
    return !gone;
  }
  void end() override {
    std::lock_guard const lock(mutex_);
    ended_ = true;
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::string all() const {
    std::string text = begun ? "" : head.body;
    for (auto const& piece : pieces) text += piece;
    return text;
  }

  HttpReply head{0, {}, {}, {}};
  std::vector<std::string> pieces;
  bool begun = false, gone = false;

 private:
  std::mutex mutex_;
  bool ended_ = false;
};

/// Asks a route that takes its time; the work is held by `work`.
struct TestAsk {
  std::shared_ptr<TestAnswer> answer = std::make_shared<TestAnswer>();
  HttpRoutes::Work work;

  TestAsk(HttpRoutes const& routes, std::string const& path, std::string body, std::string type = "application/json") {
    auto const* handler = routes.later("POST", path);
    HttpRequest request{"POST", {path, {}}, std::move(body), std::move(type), {}};
    work = (*handler)(std::move(request), answer);
  }
};

}  // namespace parley::server
