#include "cloud/volcengine/simulator/simulator.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <optional>
#include <thread>

#include "cloud/volcengine/simulator/visit.hpp"
#include "core/log.hpp"

namespace parley::cloud::volcengine {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

net::awaitable<void> accept_all(std::shared_ptr<SimulatorState> state, net::io_context& io, tcp::acceptor& acceptor) {
  while (acceptor.is_open()) {
    boost::system::error_code error;
    tcp::socket socket(net::make_strand(io));
    co_await acceptor.async_accept(socket, net::redirect_error(net::use_awaitable, error));
    if (error) {
      if (error == net::error::operation_aborted || error == net::error::bad_descriptor) co_return;
      continue;
    }
    ++state->connections;
    auto const strand = socket.get_executor();
    net::co_spawn(strand, visit(state, std::move(socket)), net::detached);
  }
}

}  // namespace

struct Simulator::Implementation {
  explicit Implementation(SimulatorOptions options)
      : state(std::make_shared<SimulatorState>()), io(options.threads), acceptor(io) {
    state->options = std::move(options);
  }
  std::shared_ptr<SimulatorState> state;
  net::io_context io;
  tcp::acceptor acceptor;
  std::optional<net::executor_work_guard<net::io_context::executor_type>> work;
  std::vector<std::jthread> threads;
  std::uint16_t port = 0;
};

Simulator::Simulator(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

core::Result<std::unique_ptr<Simulator>> Simulator::start(SimulatorOptions options) {
  if (!options.recogniser || !options.model || !options.synthesiser) {
    return core::fail(core::Code::invalid, "the simulator needs a recogniser, a language model and a synthesiser");
  }
  auto own = std::make_unique<Implementation>(std::move(options));
  auto const& wanted = own->state->options;
  boost::system::error_code error;
  auto const address = net::ip::make_address(wanted.host, error);
  if (error) return core::fail(core::Code::invalid, "the host is an address like 127.0.0.1", wanted.host);
  if (!address.is_loopback()) {
    return core::fail(core::Code::permission, "the simulator takes any key and so serves this machine only", wanted.host);
  }
  tcp::endpoint const endpoint(address, wanted.port);
  own->acceptor.open(endpoint.protocol(), error);
  if (!error) own->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) own->acceptor.bind(endpoint, error);
  if (!error) own->acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return core::fail(core::Code::conflict, "cannot listen: " + error.message() + "; choose another port with --port",
                      wanted.host + ":" + std::to_string(wanted.port));
  }
  own->port = own->acceptor.local_endpoint(error).port();
  own->work.emplace(own->io.get_executor());
  net::co_spawn(own->io, accept_all(own->state, own->io, own->acceptor), net::detached);
  for (int i = 0; i < std::max(1, wanted.threads); ++i) {
    own->threads.emplace_back([&io = own->io] {
      while (!io.stopped()) {
        try {
          io.run();
        } catch (std::exception const& fault) {
          spdlog::error("simulator: a connection ended by a fault: {}", fault.what());
        }
      }
    });
  }
  return std::unique_ptr<Simulator>(new Simulator(std::move(own)));
}

Simulator::~Simulator() {
  auto& own = *implementation_;
  own.work.reset();
  own.io.stop();
  own.threads.clear();
}

std::uint16_t Simulator::port() const { return implementation_->port; }

Simulator::Counts Simulator::counts() const {
  auto const& state = *implementation_->state;
  return {state.connections, state.sessions[0], state.sessions[1], state.sessions[2], state.sessions[3], state.faults};
}

}  // namespace parley::cloud::volcengine
