#pragma once
// Plain HTTP as values: a request in, a reply out. The table is filled before the server starts and only read afterwards.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "server/protocol_error.hpp"

namespace parley::server {

class KeyAccount;

/// A request target, split and percent-decoded.
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
[[nodiscard]] Target parse_target(std::string_view target);

struct HttpRequest {
  std::string method;
  Target target;
  std::string body;
  std::string type = {};                     ///< Content-Type
  std::string key = {};                      ///< the id of the API key it came with; empty when none is needed
  std::shared_ptr<KeyAccount> account = {};  ///< of the same, for what answers cost; null when none is needed
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// {"error": {"message", "type", "param", "code"}}, as OpenAI's services answer.
[[nodiscard]] HttpReply error_reply(int status, ProtocolError const& error);
/// The same for a failure of the rooms below; what is busy or unavailable says in Retry-After when to come again.
[[nodiscard]] HttpReply error_reply(core::Error const& error);

/// Where an answer goes that takes its time: whole by `reply`, or piece by piece by `begin`, `write` … `end`. From any thread,
/// and never blocking. Dropped before its end, it is answered with 500, or broken off when it has begun.
class Answer {
 public:
  virtual ~Answer() = default;
  virtual void reply(HttpReply reply) = 0;
  /// The head; the body of `head` is its first piece.
  virtual void begin(HttpReply head) = 0;
  /// False once nobody listens: the client has gone, or reads so slowly that it has been let go. Say nothing more then.
  virtual bool write(std::string piece) = 0;
  virtual void end() = 0;
};

class HttpRoutes {
 public:
  using Handler = std::function<HttpReply(HttpRequest const&)>;

  /// What is being done for an answer. It is destroyed when the client has gone or the answer has ended: whatever computes for
  /// it holds its jobs here, so that nobody computes for nobody. On the connection's strand.
  using Work = std::shared_ptr<void>;
  using LaterHandler = std::function<Work(HttpRequest, std::shared_ptr<Answer>)>;

  struct Rule {
    bool needs_key = true;
    bool needs_ready = false;    ///< 503 while models are being loaded and when the server is ending
    std::size_t body_bytes = 0;  ///< longest body of a request that may come in; 0: the server's limit
  };
  /// `method`: "GET", "POST"; GET answers HEAD as well.
  void add(std::string method, std::string path, Handler handler, Rule rule);
  /// An answer that takes its time; "POST" as a rule.
  void add_later(std::string method, std::string path, LaterHandler handler, Rule rule);

  /// 404 and 405 included. From any thread, when the handlers allow it.
  [[nodiscard]] HttpReply answer(HttpRequest const& request) const;
  /// The handler of an answer that takes its time; nullptr when `answer` is to be asked.
  [[nodiscard]] LaterHandler const* later(std::string const& method, std::string const& path) const;

  [[nodiscard]] Rule rule(std::string const& path) const;  ///< of an unknown path: needs a key
  [[nodiscard]] std::vector<std::string> paths() const;    ///< "POST /generate", sorted by path

 private:
  struct Route {
    std::map<std::string, Handler> methods;
    std::map<std::string, LaterHandler> later;
    Rule rule;
  };
  std::map<std::string, Route> routes_;
};

}  // namespace parley::server
