#include "server/http_routes.hpp"

#include <nlohmann/json.hpp>
#include <optional>

namespace parley::server {
namespace {

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) && hex(text[i + 2])) {
      out += static_cast<char>(*hex(text[i + 1]) * 16 + *hex(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

Target parse_target(std::string_view text) {
  Target target;
  auto const mark = text.find('?');
  target.path = percent_decoded(text.substr(0, mark), false);
  if (mark == std::string_view::npos) return target;
  for (std::string_view rest = text.substr(mark + 1); !rest.empty();) {
    auto const end = rest.find('&');
    std::string_view const pair = rest.substr(0, end);
    auto const equals = pair.find('=');
    if (!pair.empty()) {
      target.query[percent_decoded(pair.substr(0, equals), true)] =
          equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1), true);
    }
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return target;
}

HttpReply error_reply(int status, ProtocolError const& error) {
  nlohmann::json body;
  body["error"] = {{"message", error.message}, {"type", error.type}, {"param", nullptr}, {"code", error.code}};
  if (!error.param.empty()) body["error"]["param"] = error.param;
  return {status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "application/json", {}};
}

void HttpRoutes::add(std::string method, std::string path, Handler handler, Rule rule) {
  Route& route = routes_[std::move(path)];
  route.rule = rule;
  route.methods[std::move(method)] = std::move(handler);
}

bool HttpRoutes::needs_key(std::string const& path) const {
  auto const route = routes_.find(path);
  return route == routes_.end() || route->second.rule.needs_key;
}

HttpReply HttpRoutes::answer(HttpRequest const& request) const {
  auto const route = routes_.find(request.target.path);
  if (route == routes_.end()) {
    return error_reply(404, {"not_found", "There is nothing at " + request.target.path + ".", {}, {}});
  }
  auto const& methods = route->second.methods;
  auto const handler = methods.find(request.method == "HEAD" ? "GET" : request.method);
  if (handler != methods.end()) return handler->second(request);
  std::string allowed;
  for (auto const& [method, ignored] : methods)
    allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
  HttpReply reply = error_reply(
      405,
      {"method_not_allowed", request.method + " is not possible at " + request.target.path + "; use " + allowed + ".", {}, {}});
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace parley::server
