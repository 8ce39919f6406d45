#pragma once
// Plain HTTP as values: a request in, a reply out. The table is filled before the server starts and only read afterwards.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/protocol_error.hpp"

namespace parley::server {

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
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// {"error": {"message", "type", "param", "code"}}, as OpenAI's services answer.
[[nodiscard]] HttpReply error_reply(int status, ProtocolError const& error);

class HttpRoutes {
 public:
  using Handler = std::function<HttpReply(HttpRequest const&)>;

  struct Rule {
    bool needs_key = true;
  };
  /// `method`: "GET", "POST"; GET answers HEAD as well.
  void add(std::string method, std::string path, Handler handler, Rule rule);

  /// 404 and 405 included. From any thread, when the handlers allow it.
  [[nodiscard]] HttpReply answer(HttpRequest const& request) const;

  [[nodiscard]] bool needs_key(std::string const& path) const;

 private:
  struct Route {
    std::map<std::string, Handler> methods;
    Rule rule;
  };
  std::map<std::string, Route> routes_;
};

}  // namespace parley::server
