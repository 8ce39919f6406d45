#include "server/http_connection.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <cstdint>
#include <optional>

#include "server/beta_shape.hpp"
#include "server/http_exchange.hpp"
#include "server/websocket_session.hpp"

namespace parley::server {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

using Request = WebSocketSession::Request;

std::string header(Request const& request, http::field field) { return std::string(request[field]); }

Visitor visitor_of(Request const& request) {
  return {header(request, http::field::authorization), header(request, http::field::sec_websocket_protocol),
          header(request, http::field::origin), header(request, http::field::host)};
}

HttpReply refused(ProtocolError const& refusal) {
  bool const key = refusal.code.ends_with("api_key");
  HttpReply reply = error_reply(key ? 401 : 403, refusal);
  if (key) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

HttpReply later(int status, std::string code, std::string message, std::chrono::milliseconds wait) {
  HttpReply reply = error_reply(status, {std::move(code), std::move(message), {}, {}, "server_error"});
  reply.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, (wait.count() + 999) / 1000)));
  return reply;
}

HttpRequest asked(Request const& request, Target const& target) {
  return {std::string(request.method_string()), target, request.body(), header(request, http::field::content_type), {}};
}

bool wants_call(Request const& request, Target const& target) {
  return target.path == "/v1/realtime" && beast::websocket::is_upgrade(request);
}

/// With an ephemeral key the door to a call is open to any origin, and what the key's owner has set holds for the call.
std::optional<Json> preset_of(ServerState const& state, Request const& request) {
  std::string const key = Access::key_of(visitor_of(request));
  return ClientSecrets::looks_like_one(key) ? state.secrets.find(key) : std::nullopt;
}

std::optional<ProtocolError> refusal_of(ServerState const& state, Request const& request, Target const& target) {
  if (!state.routes.rule(target.path).needs_key) return std::nullopt;
  auto refusal = state.access.refusal(visitor_of(request));
  bool const by_key = refusal && refusal->code == "invalid_api_key";
  if (by_key && wants_call(request, target) && preset_of(state, request)) return std::nullopt;
  if (by_key && ClientSecrets::looks_like_one(Access::key_of(visitor_of(request)))) {
    refusal->message = wants_call(request, target) ? "This ephemeral key has expired, was revoked, or was never issued here."
                                                   : "An ephemeral key opens calls at /v1/realtime and nothing else.";
  }
  return refusal;
}

/// Only who may come in may send much.
std::size_t body_limit(ServerState const& state, Request const& request) {
  Target const target = parse_target(std::string_view(request.target().data(), request.target().size()));
  auto const wanted = state.routes.rule(target.path).body_bytes;
  return wanted == 0 || refusal_of(state, request, target) ? state.options.limits.body_bytes : wanted;
}

/// To send a body: longer for one that is large.
std::chrono::seconds body_patience(ServerState const& state, http::request_parser<http::string_body> const& parser) {
  auto const mebibytes = parser.content_length().value_or(0) >> 20;
  return state.options.limits.request * static_cast<int>(std::min<std::uint64_t>(mebibytes, 64) + 1);
}

/// A session ready to run, or the answer that says why not. The stream is moved away only on success.
std::expected<std::shared_ptr<WebSocketSession>, HttpReply> open_session(std::shared_ptr<ServerState> const& state,
                                                                         Request const& request, Target const& target,
                                                                         std::optional<beast::tcp_stream>& stream) {
  bool const beta = beta::asked_for(request["OpenAI-Beta"], request[http::field::sec_websocket_protocol]);
  if (beta && !state->options.beta_shape) {
    return std::unexpected(error_reply(
        400, {"beta_api_shape_disabled",
              "The beta protocol is switched off here: leave out the header 'OpenAI-Beta' and use the GA events, or "
              "start the server with --beta-protocol.",
              "OpenAI-Beta",
              {}}));
  }
  if (state->draining) return std::unexpected(later(503, "draining", "The server is shutting down.", {}));
  if (!state->ready) return std::unexpected(later(503, "starting", "The models are still being loaded.", {}));
  auto place = state->admit();
  if (!place && place.error() == ServerState::Full::stages) {
    return std::unexpected(later(503, "overloaded", "The models could not keep up with one more call; try again later.",
                                 std::chrono::seconds(10)));
  }
  if (!place) {
    return std::unexpected(
        later(429, "too_many_sessions", "All calls this server can hold are taken; try again later.", std::chrono::seconds(5)));
  }
  auto query = target.query;
  CallRequest call{query.contains("model") ? query["model"] : "default", query.contains("role") ? query["role"] : "",
                   target.query, state->executor};
  std::string const model = call.model;
  // The session must exist before the call may speak, and takes the socket: the answer to a failed call needs it back.
  auto session = std::make_shared<WebSocketSession>(*std::move(stream), state, *std::move(place));
  auto opened = state->hooks.open_call(call, session->listener());
  if (!opened) {
    stream.emplace(session->release());
    return std::unexpected(error_reply(opened.error()));
  }
  if (beta) session->speak_beta();
  session->begin(*std::move(opened), model, preset_of(*state, request).value_or(Json()));
  state->enter(session);
  if (state->draining) session->drain();  // it began while the server was told to end
  return session;
}

}  // namespace

net::awaitable<void> serve_connection(std::shared_ptr<ServerState> state, net::ip::tcp::socket socket) {
  beast::error_code error;
  socket.set_option(net::ip::tcp::no_delay(true), error);
  std::optional<beast::tcp_stream> stream(std::move(socket));
  beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(16 * 1024);
    stream->expires_after(state->options.limits.request);
    co_await http::async_read_header(*stream, buffer, parser, net::redirect_error(net::use_awaitable, error));
    if (!error) {
      parser.body_limit(body_limit(*state, parser.get()));
      stream->expires_after(body_patience(*state, parser));
      if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        http::response<http::empty_body> const go_on(http::status::continue_, parser.get().version());
        co_await http::async_write(*stream, go_on, net::redirect_error(net::use_awaitable, error));
      }
    }
    if (!error) co_await http::async_read(*stream, buffer, parser, net::redirect_error(net::use_awaitable, error));
    bool const broken = error.category() == http::make_error_code(http::error::end_of_stream).category();
    if (error && (!broken || error == http::error::end_of_stream || error == http::error::partial_message)) break;
    Request const request = parser.release();
    HttpReply reply;
    bool last = !request.keep_alive();
    Target const target = parse_target(std::string_view(request.target().data(), request.target().size()));
    auto const rule = state->routes.rule(target.path);
    auto const* takes_time = state->routes.later(std::string(request.method_string()), target.path);
    if (error) {
      bool const large = error == http::error::body_limit || error == http::error::header_limit;
      reply = error_reply(large ? 413 : 400,
                          {large ? "too_large" : "bad_request", "The request could not be read: " + error.message(), {}, {}});
      last = true;
    } else if (auto const refusal = refusal_of(*state, request, target)) {
      reply = refused(*refusal);
    } else if (rule.needs_ready && (state->draining || !state->ready)) {
      reply = state->draining ? later(503, "draining", "The server is shutting down.", {})
                              : later(503, "starting", "The models are still being loaded.", {});
    } else if (takes_time != nullptr) {
      auto const place = state->answering();
      auto const exchange = std::make_shared<HttpExchange>(stream->get_executor(), state->options.limits.queue_bytes);
      auto work = (*takes_time)(asked(request, target), exchange->answer());
      if (!co_await exchange->carry(*stream, std::move(work), request.version(), !last, state->options.limits.request)) break;
      continue;
    } else if (wants_call(request, target)) {
      auto session = open_session(state, request, target, stream);
      if (session) {
        co_await (*session)->run(request);
        co_return;
      }
      reply = std::move(session.error());
    } else {
      reply = state->routes.answer(asked(request, target));
    }
    stream->expires_after(state->options.limits.request);
    bool const head_only = request.method() == http::verb::head;
    if (!co_await write_reply(*stream, std::move(reply), request.version(), !last, head_only) || last) break;
  }
  stream->socket().shutdown(net::ip::tcp::socket::shutdown_send, error);
}

}  // namespace parley::server
