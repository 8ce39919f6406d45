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

constexpr std::chrono::seconds longest_farewell{5};

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

/// Whose request it is, and how a call begins that is opened with it.
struct Entry {
  std::shared_ptr<KeyAccount> account;
  std::optional<Json> preset;
};

HttpRequest asked(Request const& request, Target const& target, Entry const& entry) {
  return {std::string(request.method_string()),     target,       request.body(), header(request, http::field::content_type),
          entry.account ? entry.account->id() : "", entry.account};
}

bool wants_call(Request const& request, Target const& target) {
  return target.path == "/v1/realtime" && beast::websocket::is_upgrade(request);
}

/// An ephemeral key opens calls and nothing else, from any origin, on the account of the key that asked for it and no longer
/// than that one lives.
std::expected<Entry, ProtocolError> admit_ephemeral(ServerState const& state, std::string const& key, bool for_call) {
  ProtocolError refusal{"invalid_api_key", "An ephemeral key opens calls at /v1/realtime and nothing else.", {}, {}};
  if (!for_call) return std::unexpected(std::move(refusal));
  auto found = state.secrets.find(key);
  auto account = found ? state.keys->find_id(found->owner) : nullptr;
  if (!found || !account) {
    refusal.message = "This ephemeral key has expired, was revoked, or was never issued here.";
    return std::unexpected(std::move(refusal));
  }
  return Entry{std::move(account), std::move(found->session)};
}

std::expected<Entry, HttpReply> let_in(ServerState const& state, Request const& request, Target const& target) {
  if (!state.routes.rule(target.path).needs_key) return Entry{};
  auto const visitor = visitor_of(request);
  std::expected<Entry, ProtocolError> entry;
  if (std::string const key = Access::key_of(visitor); ClientSecrets::looks_like_one(key) && state.keys->needs_key()) {
    entry = admit_ephemeral(state, key, wants_call(request, target));
  } else if (auto account = state.access.admit(visitor)) {
    entry = Entry{*std::move(account), {}};
    // Without keys a browser may still bring an ephemeral one, for the session that was set with it.
    if (ClientSecrets::looks_like_one(key) && wants_call(request, target)) {
      if (auto found = state.secrets.find(key)) entry->preset = std::move(found->session);
    }
  } else {
    entry = std::unexpected(account.error());
  }
  if (!entry) return std::unexpected(refused(entry.error()));
  if (!entry->account) return *std::move(entry);
  auto const scope = scope_of(target.path);
  if (!entry->account->opens(scope)) {
    return std::unexpected(
        error_reply(403, {"insufficient_permissions",
                          "This key has not the scope '" + std::string(scope) + "', which this address needs.",
                          {},
                          {}}));
  }
  if (!is_metered(scope)) return *std::move(entry);
  if (auto const refusal = entry->account->take_request()) {
    HttpReply reply = refusal_reply(*refusal);
    entry->account->add_headers(reply.headers);
    return std::unexpected(std::move(reply));
  }
  return *std::move(entry);
}

/// Only who may come in may send much.
std::size_t body_limit(ServerState const& state, Request const& request) {
  Target const target = parse_target(std::string_view(request.target().data(), request.target().size()));
  auto const wanted = state.routes.rule(target.path).body_bytes;
  return wanted == 0 || !state.access.admit(visitor_of(request)) ? state.options.limits.body_bytes : wanted;
}

/// To send a body: longer for one that is large.
std::chrono::seconds body_patience(ServerState const& state, http::request_parser<http::string_body> const& parser) {
  auto const mebibytes = parser.content_length().value_or(0) >> 20;
  return state.options.limits.request * static_cast<int>(std::min<std::uint64_t>(mebibytes, 64) + 1);
}

/// A session ready to run, or the answer that says why not. The stream is moved away only on success.
std::expected<std::shared_ptr<WebSocketSession>, HttpReply> open_session(std::shared_ptr<ServerState> const& state,
                                                                         Request const& request, Target const& target,
                                                                         Entry const& entry,
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
  std::unique_ptr<KeyAccount::CallHold> hold;
  if (entry.account) {
    auto held = entry.account->open_call();
    if (!held) return std::unexpected(refusal_reply(held.error()));
    hold = *std::move(held);
  }
  auto query = target.query;
  CallRequest call{query.contains("model") ? query["model"] : "default", query.contains("role") ? query["role"] : "",
                   target.query, state->executor, entry.account ? entry.account->id() : ""};
  std::string const model = call.model;
  // The session must exist before the call may speak, and takes the socket: the answer to a failed call needs it back.
  auto session = std::make_shared<WebSocketSession>(*std::move(stream), state, *std::move(place));
  auto opened = state->hooks.open_call(call, session->listener());
  if (!opened) {
    stream.emplace(session->release());
    return std::unexpected(error_reply(opened.error()));
  }
  if (beta) session->speak_beta();
  session->begin(*std::move(opened), model, entry.preset.value_or(Json()), std::move(hold));
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
    std::expected<Entry, HttpReply> entry;
    bool last = !request.keep_alive();
    Target const target = parse_target(std::string_view(request.target().data(), request.target().size()));
    auto const rule = state->routes.rule(target.path);
    auto const* takes_time = state->routes.later(std::string(request.method_string()), target.path);
    if (error) {
      bool const large = error == http::error::body_limit || error == http::error::header_limit;
      reply = error_reply(large ? 413 : 400,
                          {large ? "too_large" : "bad_request", "The request could not be read: " + error.message(), {}, {}});
      last = true;
    } else if (entry = let_in(*state, request, target); !entry) {
      reply = std::move(entry.error());
    } else if (rule.needs_ready && (state->draining || !state->ready)) {
      reply = state->draining ? later(503, "draining", "The server is shutting down.", {})
                              : later(503, "starting", "The models are still being loaded.", {});
    } else if (takes_time != nullptr) {
      auto const place = state->answering();
      auto const exchange = std::make_shared<HttpExchange>(stream->get_executor(), state->options.limits.queue_bytes);
      if (entry->account) {
        exchange->on_head([account = entry->account](HttpReply& head) { account->add_headers(head.headers); });
      }
      auto work = (*takes_time)(asked(request, target, *entry), exchange->answer());
      if (!co_await exchange->carry(*stream, std::move(work), request.version(), !last, state->options.limits.request)) break;
      continue;
    } else if (wants_call(request, target)) {
      auto session = open_session(state, request, target, *entry, stream);
      if (session) {
        co_await (*session)->run(request);
        co_return;
      }
      reply = std::move(session.error());
    } else {
      reply = state->routes.answer(asked(request, target, *entry));
    }
    stream->expires_after(state->options.limits.request);
    bool const head_only = request.method() == http::verb::head;
    if (!co_await write_reply(*stream, std::move(reply), request.version(), !last, head_only) || last) break;
  }
  stream->socket().shutdown(net::ip::tcp::socket::shutdown_send, error);
  // To close with something unread resets the connection, and who is still sending would never read why he was refused.
  stream->expires_after(longest_farewell);
  for (error = {}; !error;) {
    buffer.clear();
    co_await stream->async_read_some(buffer.prepare(std::size_t{64} << 10), net::redirect_error(net::use_awaitable, error));
  }
}

}  // namespace parley::server
