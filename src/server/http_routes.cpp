#include "server/http_routes.hpp"

#include <algorithm>
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

HttpReply error_reply(core::Error const& error) {
  ProtocolError told{std::string(core::name(error.code)), error.message, error.subject, {}};
  int const status = core::http_status(error.code);
  if (status >= 500) told.type = "server_error";
  bool const later = error.code == core::Code::busy || error.code == core::Code::unavailable;
  if (later) told.type = error.code == core::Code::busy ? "rate_limit_error" : "server_error";
  HttpReply reply = error_reply(status, told);
  if (later) {
    reply.headers.emplace_back("Retry-After",
                               std::to_string(std::max<std::int64_t>(1, (error.retry_after.count() + 999) / 1000)));
    if (error.retry_after.count() > 0) reply.headers.emplace_back("retry-after-ms", std::to_string(error.retry_after.count()));
  }
  return reply;
}

void HttpRoutes::add(std::string method, std::string path, Handler handler, Rule rule) {
  Route& route = routes_[std::move(path)];
  route.rule = rule;
  route.methods[std::move(method)] = std::move(handler);
}

void HttpRoutes::add_later(std::string method, std::string path, LaterHandler handler, Rule rule) {
  Route& route = routes_[std::move(path)];
  route.rule = rule;
  route.later[std::move(method)] = std::move(handler);
}

HttpRoutes::Rule HttpRoutes::rule(std::string const& path) const {
  auto const route = routes_.find(path);
  return route == routes_.end() ? Rule{} : route->second.rule;
}

HttpRoutes::LaterHandler const* HttpRoutes::later(std::string const& method, std::string const& path) const {
  auto const route = routes_.find(path);
  if (route == routes_.end()) return nullptr;
  auto const handler = route->second.later.find(method);
  return handler == route->second.later.end() ? nullptr : &handler->second;
}

std::vector<std::string> HttpRoutes::paths() const {
  std::vector<std::string> all;
  for (auto const& [path, route] : routes_) {
    for (auto const& [method, ignored] : route.methods) all.push_back(method + " " + path);
    for (auto const& [method, ignored] : route.later) all.push_back(method + " " + path);
  }
  return all;
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
  auto const allow = [&](std::string const& method) { allowed += (allowed.empty() ? "" : ", ") + method; };
  for (auto const& [method, ignored] : methods) allow(method == "GET" ? "GET, HEAD" : method);
  for (auto const& [method, ignored] : route->second.later) allow(method);
  HttpReply reply = error_reply(
      405,
      {"method_not_allowed", request.method + " is not possible at " + request.target.path + "; use " + allowed + ".", {}, {}});
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace parley::server
