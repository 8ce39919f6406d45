#include "cloud/net/http_client.hpp"

#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <variant>

#include "cloud/net/dial.hpp"
#include "cloud/net/network.hpp"
#include "core/clock.hpp"

namespace parley::cloud::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::size_t most_kept = 256;        // idle connections of one service
constexpr std::chrono::seconds kept_for{50};  // the services close after a minute

/// One connection, plain or TLS.
struct Connection {
  template <class Kind, class... Args>
  Connection(std::in_place_type_t<Kind> kind, Args&&... args) : stream(kind, std::forward<Args>(args)...) {}

  /// Of both the stream and whoever uses it, for as long as it lives.
  [[nodiscard]] asio::any_io_executor executor() { return lowest().get_executor(); }
  beast::tcp_stream& lowest() {
    return std::visit([](auto& s) -> beast::tcp_stream& { return beast::get_lowest_layer(s); }, stream);
  }
  std::variant<PlainStream, TlsStream> stream;
  beast::flat_buffer buffer;
  core::Instant idle_since{};
};

using Connected = std::unique_ptr<Connection>;

}  // namespace

class HttpClient::Pool {
 public:
  Connected take(std::string const& where) {
    std::lock_guard const lock(mutex_);
    auto& kept = idle_[where];
    while (!kept.empty()) {
      auto connection = std::move(kept.back());  // the one used last is the one most likely alive
      kept.pop_back();
      if (core::Clock::now() - connection->idle_since > kept_for) {
        kept.clear();  // the others are older
        break;
      }
      return connection;
    }
    return nullptr;
  }
  void keep(std::string const& where, Connected connection) {
    std::lock_guard const lock(mutex_);
    auto& kept = idle_[where];
    if (kept.size() >= most_kept) kept.erase(kept.begin());
    connection->idle_since = core::Clock::now();
    kept.push_back(std::move(connection));
  }
  void clear() {
    std::lock_guard const lock(mutex_);
    idle_.clear();
  }
  std::atomic<std::uint64_t> opened = 0, reused = 0;

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<Connected>> idle_;
};

namespace {

http::request<http::string_body> message_of(HttpRequest& request) {
  http::request<http::string_body> message(http::string_to_verb(request.method), request.address.path, 11);
  message.set(http::field::host, request.address.authority());
  message.set(http::field::user_agent, "parley");
  for (auto const& [name, value] : request.headers) message.set(name, value);
  message.body() = std::move(request.body);
  message.prepare_payload();
  return message;
}

HttpHead head_of(http::response_header<> const& header) {
  return {static_cast<int>(header.result_int()), std::string(header[http::field::content_type]),
          std::string(header.count("X-Tt-Logid") != 0 ? header["X-Tt-Logid"] : header["X-Request-Id"]),
          std::string(header[http::field::retry_after])};
}

/// How far an exchange came.
struct Outcome {
  beast::error_code error;
  char const* doing = "connecting";
  bool answered = false;    ///< a byte of the answer was there
  bool keep_alive = false;  ///< complete, and the connection is good for another
  bool too_large = false;
};

template <class Stream>
asio::awaitable<Outcome> exchange(Stream& stream, Connection& connection, http::request<http::string_body> const& message,
                                  HttpRequest const& request, HttpClient::Handlers const& handlers) {
  Outcome outcome;
  auto& lowest = connection.lowest();
  lowest.expires_after(request.patience.first_byte);
  outcome.doing = "sending the request";
  co_await http::async_write(stream, message, asio::redirect_error(asio::use_awaitable, outcome.error));
  if (outcome.error) co_return outcome;
  outcome.doing = "waiting for the answer";
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(request.most_body_bytes);
  co_await http::async_read_header(stream, connection.buffer, parser, asio::redirect_error(asio::use_awaitable, outcome.error));
  outcome.answered = parser.got_some();
  if (outcome.error) co_return outcome;
  if (handlers.head) handlers.head(head_of(parser.get()));
  outcome.doing = "reading the answer";
  std::array<char, 16384> block;
  std::string together;  // small chunks that came with one packet
  auto const empty_block = [&] {
    parser.get().body().data = block.data();
    parser.get().body().size = block.size();
  };
  auto const take_block = [&] { together.append(block.data(), block.size() - parser.get().body().size); };
  while (!parser.is_done()) {
    lowest.expires_after(request.patience.between);
    empty_block();
    co_await http::async_read_some(stream, connection.buffer, parser, asio::redirect_error(asio::use_awaitable, outcome.error));
    take_block();
    // What else lies in the buffer, but nothing is waited for: the half of a chunk's head that came along says nothing.
    auto& here = connection.buffer;
    while (!parser.is_done() && here.size() != 0 && together.size() < block.size() &&
           (!outcome.error || outcome.error == http::error::need_buffer)) {
      empty_block();
      here.consume(parser.put(here.data(), outcome.error));
      take_block();
    }
    if (outcome.error == http::error::need_buffer || outcome.error == http::error::need_more) outcome.error = {};
    if (!together.empty() && handlers.body) handlers.body(together);
    together.clear();
    if (outcome.error) co_return outcome;
  }
  outcome.keep_alive = parser.get().keep_alive();
  lowest.expires_never();
  co_return outcome;
}

}  // namespace

HttpClient::HttpClient(Network& network) : network_(network), pool_(std::make_shared<Pool>()) {}
HttpClient::~HttpClient() { pool_->clear(); }

HttpClient::Counts HttpClient::counts() const { return {pool_->opened, pool_->reused}; }

namespace {

/// What a request in flight and whoever gives it up share. On the executor.
struct Flight {
  asio::any_io_executor executor;
  Connection* connection = nullptr;
  bool stopped = false;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way

  void stop() {
    stopped = true;
    if (connection != nullptr) connection->lowest().close();
  }
};

Connected fresh(asio::any_io_executor const& executor, Network& network, bool tls) {
  if (tls) return std::make_unique<Connection>(std::in_place_type<TlsStream>, executor, network.tls());
  return std::make_unique<Connection>(std::in_place_type<PlainStream>, executor);
}

template <class ConnectionPool>
asio::awaitable<void> fly(std::shared_ptr<ConnectionPool> pool, Network& network, std::shared_ptr<Flight> flight,
                          Connected kept, HttpRequest request, HttpClient::Handlers handlers) {
  auto const where = request.address.where();
  auto const message = message_of(request);
  Outcome outcome;
  for (int attempt = 0; attempt < 2 && !flight->stopped; ++attempt) {
    auto connection = std::move(kept);
    bool const reused = connection != nullptr;
    outcome = {};
    if (!reused) {
      connection = fresh(flight->executor, network, request.address.tls);
      flight->connection = connection.get();
      connection->lowest().expires_after(request.patience.connect);
      if (auto* tls = std::get_if<TlsStream>(&connection->stream)) {
        co_await dial(*tls, request.address, outcome.error);
      } else {
        co_await dial(std::get<PlainStream>(connection->stream), request.address, outcome.error);
      }
      if (!outcome.error) ++pool->opened;
    } else {
      ++pool->reused;
    }
    flight->connection = connection.get();
    if (!outcome.error && !flight->stopped) {
      if (auto* tls = std::get_if<TlsStream>(&connection->stream)) {
        outcome = co_await exchange(*tls, *connection, message, request, handlers);
      } else {
        outcome = co_await exchange(std::get<PlainStream>(connection->stream), *connection, message, request, handlers);
      }
    }
    flight->connection = nullptr;
    if (!outcome.error && outcome.keep_alive && !flight->stopped) pool->keep(where, std::move(connection));
    bool const stale = reused && outcome.error && !outcome.answered && outcome.error != beast::error::timeout;
    if (!stale) break;
  }
  core::Result<void> result;
  if (flight->stopped) {
    result = core::fail(core::Code::cancelled, "the request was given up", where);
  } else if (outcome.error) {
    result = std::unexpected(error_of(outcome.error, where, outcome.doing));
  }
  flight->on_stop.reset();
  if (handlers.end) handlers.end(std::move(result));
}

}  // namespace

core::Job HttpClient::send(HttpRequest request, Handlers handlers) {
  std::stop_source source;
  auto flight = std::make_shared<Flight>();
  auto kept = pool_->take(request.address.where());
  flight->executor = kept ? kept->executor() : network_.strand();
  flight->on_stop.emplace(source.get_token(), [weak = std::weak_ptr<Flight>(flight), executor = flight->executor] {
    asio::post(executor, [weak] {
      if (auto const alive = weak.lock()) alive->stop();
    });
  });
  asio::co_spawn(flight->executor, fly(pool_, network_, flight, std::move(kept), std::move(request), std::move(handlers)),
                 asio::detached);
  return core::Job(std::move(source));
}

}  // namespace parley::cloud::net
