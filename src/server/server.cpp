#include "server/server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <thread>

#include "core/log.hpp"
#include "server/http_connection.hpp"
#include "server/server_state.hpp"
#include "server/websocket_session.hpp"

namespace parley::server {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

constexpr std::chrono::seconds goodbye_time{7};  // a little more than a session's own patience

constexpr int most_last_handlers = 100'000;

/// Counts an open connection; more than the limit are closed before a byte is read.
class Counted {
 public:
  explicit Counted(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
  Counted(Counted&&) noexcept = default;
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (state_) --state_->connections;
  }

 private:
  std::shared_ptr<ServerState> state_;
};

net::awaitable<void> serve_counted(std::shared_ptr<ServerState> state, tcp::socket socket, [[maybe_unused]] Counted counted) {
  co_await serve_connection(std::move(state), std::move(socket));
}

net::awaitable<void> accept_all(std::shared_ptr<ServerState> state, net::io_context& io, tcp::acceptor& acceptor) {
  net::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    boost::system::error_code error;
    tcp::socket socket(net::make_strand(io));
    co_await acceptor.async_accept(socket, net::redirect_error(net::use_awaitable, error));
    if (error == net::error::operation_aborted || error == net::error::bad_descriptor) co_return;
    if (error) {  // out of descriptors: those that are open will end
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(net::redirect_error(net::use_awaitable, error));
      continue;
    }
    if (state->connections.fetch_add(1) >= state->options.limits.connections) {
      --state->connections;
      continue;
    }
    auto const strand = socket.get_executor();
    net::co_spawn(strand, serve_counted(state, std::move(socket), Counted(state)), [](std::exception_ptr const& problem) {
      try {
        if (problem) std::rethrow_exception(problem);
      } catch (std::exception const& exception) {
        spdlog::error("a connection ended by a fault: {}", exception.what());
      }
    });
  }
}

core::Result<tcp::endpoint> endpoint_of(Options const& options) {
  boost::system::error_code error;
  auto const address = net::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error) {
    return core::fail(core::Code::invalid, "the host is an address like 127.0.0.1 or 0.0.0.0, or localhost", options.host);
  }
  if (!(options.keys && options.keys->needs_key()) && !address.is_loopback()) {
    return core::fail(core::Code::permission,
                      "without an API key only this machine is served; set a key or use --host 127.0.0.1", options.host);
  }
  return tcp::endpoint(address, options.port);
}

core::Result<void> listen(tcp::acceptor& acceptor, tcp::endpoint const& endpoint) {
  std::string const where = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (!error) return {};
  if (error == net::error::address_in_use) {
    return core::fail(core::Code::conflict,
                      "port " + std::to_string(endpoint.port()) + " is in use; choose another with --port", where);
  }
  if (error == net::error::access_denied) {
    return core::fail(
        core::Code::permission,
        "port " + std::to_string(endpoint.port()) + " needs rights this program lacks; choose one above 1023 with --port",
        where);
  }
  return core::fail(core::Code::unavailable, "cannot listen: " + error.message(), where);
}

}  // namespace

struct Server::Implementation {
  explicit Implementation(std::shared_ptr<ServerState> shared)
      : state(std::move(shared)), io(std::max(1, state->options.threads)), acceptor(net::make_strand(io)) {}

  std::shared_ptr<ServerState> state;
  net::io_context io;
  tcp::acceptor acceptor;
  std::optional<net::executor_work_guard<net::io_context::executor_type>> work;
  std::vector<std::jthread> threads;
  std::uint16_t port = 0;
};

Server::Server(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

core::Result<std::unique_ptr<Server>> Server::start(Options options, Hooks hooks) {
  if (!hooks.open_call) return core::fail(core::Code::internal, "a server needs somebody who opens calls");
  auto const endpoint = endpoint_of(options);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto own = std::make_unique<Implementation>(std::make_shared<ServerState>(std::move(options), std::move(hooks)));
  if (auto listening = listen(own->acceptor, *endpoint); !listening) return std::unexpected(listening.error());
  boost::system::error_code error;
  own->port = own->acceptor.local_endpoint(error).port();
  own->state->executor = own->io.get_executor();
  own->work.emplace(own->io.get_executor());
  net::co_spawn(own->acceptor.get_executor(), accept_all(own->state, own->io, own->acceptor), net::detached);
  for (int i = 0; i < std::max(1, own->state->options.threads); ++i) {
    own->threads.emplace_back([&io = own->io] { io.run(); });
  }
  return std::unique_ptr<Server>(new Server(std::move(own)));
}

std::uint16_t Server::port() const { return implementation_->port; }

int Server::sessions() const { return implementation_->state->sessions(); }

std::string Server::metrics() const { return implementation_->state->metrics(); }

void Server::set_ready(bool ready) { implementation_->state->ready = ready; }

void Server::stop(std::chrono::milliseconds grace) {
  auto& own = *implementation_;
  if (own.threads.empty()) return;
  own.state->draining = true;
  for (auto const& session : own.state->present()) session->drain();
  if (!own.state->wait_until_empty(grace)) {
    for (auto const& session : own.state->present()) session->shut_down();
    own.state->wait_until_empty(goodbye_time);
  }
  net::post(own.acceptor.get_executor(), [&own] {
    boost::system::error_code error;
    own.acceptor.close(error);
  });
  own.work.reset();
  own.io.stop();
  own.threads.clear();  // joins
  // What was posted last (calls that end) is still done, so that nothing of a call waits for our destructor.
  own.io.restart();
  for (int i = 0; i < most_last_handlers && own.io.poll_one() != 0; ++i) {
  }
}

}  // namespace parley::server
