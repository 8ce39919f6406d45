#include "server/tls_front.hpp"

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <vector>

namespace parley::server {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

constexpr int thread_count = 2;

/// Both ends of one connection. On the strand of the outer socket.
struct Pair {
  Pair(tcp::socket socket, net::ssl::context& context, std::atomic<int>& open_count)
      : outer(std::move(socket), context), inner(outer.get_executor()), patience(outer.get_executor()), open(open_count) {}
  ~Pair() { --open; }

  void close() {
    boost::system::error_code error;
    outer.lowest_layer().close(error);
    inner.close(error);
  }

  net::ssl::stream<tcp::socket> outer;
  tcp::socket inner;
  net::steady_timer patience;
  std::atomic<int>& open;
};

/// Until one side has nothing more; then neither has.
template <class From, class To>
net::awaitable<void> carry(std::shared_ptr<Pair> pair, From& from, To& to) {
  std::array<char, 16 * 1024> buffer;
  boost::system::error_code error;
  while (!error) {
    auto const count = co_await from.async_read_some(net::buffer(buffer), net::redirect_error(net::use_awaitable, error));
    if (count == 0) break;
    boost::system::error_code failed;
    co_await net::async_write(to, net::buffer(buffer.data(), count), net::redirect_error(net::use_awaitable, failed));
    if (failed) break;
  }
  pair->close();
}

net::awaitable<void> serve(std::shared_ptr<Pair> pair, std::uint16_t inner_port, std::chrono::seconds longest_handshake) {
  pair->patience.expires_after(longest_handshake);
  pair->patience.async_wait([pair](boost::system::error_code error) {
    if (!error) pair->close();
  });
  boost::system::error_code error;
  co_await pair->outer.async_handshake(net::ssl::stream_base::server, net::redirect_error(net::use_awaitable, error));
  pair->patience.cancel();
  if (error) co_return pair->close();
  tcp::endpoint const behind(net::ip::address_v4::loopback(), inner_port);
  co_await pair->inner.async_connect(behind, net::redirect_error(net::use_awaitable, error));
  if (error) co_return pair->close();
  pair->inner.set_option(tcp::no_delay(true), error);
  pair->outer.lowest_layer().set_option(tcp::no_delay(true), error);
  auto const strand = pair->outer.get_executor();
  net::co_spawn(strand, carry(pair, pair->inner, pair->outer), net::detached);
  co_await carry(pair, pair->outer, pair->inner);
}

core::Result<void> load(net::ssl::context& context, TlsOptions const& options) {
  boost::system::error_code error;
  context.set_options(net::ssl::context::default_workarounds | net::ssl::context::no_sslv2 | net::ssl::context::no_sslv3 |
                      net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1);
  context.use_certificate_chain_file(options.certificate.string(), error);
  if (error) {
    return core::fail(core::Code::invalid, "this is no certificate in PEM: " + error.message(), options.certificate.string());
  }
  context.use_private_key_file(options.private_key.string(), net::ssl::context::pem, error);
  if (error) {
    return core::fail(core::Code::invalid, "this is no private key in PEM, or not that of the certificate: " + error.message(),
                      options.private_key.string());
  }
  return {};
}

}  // namespace

struct TlsFront::Implementation {
  explicit Implementation(TlsOptions given)
      : options(std::move(given)), context(net::ssl::context::tls_server), io(thread_count), acceptor(net::make_strand(io)) {}

  net::awaitable<void> accept_all() {
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
      if (open.fetch_add(1) >= options.connections) {
        --open;
        continue;
      }
      auto const strand = socket.get_executor();
      net::co_spawn(strand,
                    serve(std::make_shared<Pair>(std::move(socket), context, open), options.inner_port, options.handshake),
                    net::detached);
    }
  }

  TlsOptions options;
  std::atomic<int> open = 0;
  net::ssl::context context;
  net::io_context io;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::vector<std::jthread> threads;
};

TlsFront::TlsFront(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

TlsFront::~TlsFront() {
  implementation_->io.stop();
  implementation_->threads.clear();  // joins
}

core::Result<std::unique_ptr<TlsFront>> TlsFront::start(TlsOptions options) {
  boost::system::error_code error;
  auto const address = net::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error)
    return core::fail(core::Code::invalid, "the host is an address like 127.0.0.1 or 0.0.0.0, or localhost", options.host);
  auto own = std::make_unique<Implementation>(std::move(options));
  if (auto loaded = load(own->context, own->options); !loaded) return std::unexpected(loaded.error());
  tcp::endpoint const endpoint(address, own->options.port);
  own->acceptor.open(endpoint.protocol(), error);
  if (!error) own->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) own->acceptor.bind(endpoint, error);
  if (!error) own->acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return core::fail(error == net::error::address_in_use ? core::Code::conflict : core::Code::unavailable,
                      "cannot listen on port " + std::to_string(own->options.port) + ": " + error.message(), own->options.host);
  }
  own->port = own->acceptor.local_endpoint(error).port();
  net::co_spawn(own->acceptor.get_executor(), own->accept_all(), net::detached);
  for (int i = 0; i < thread_count; ++i) own->threads.emplace_back([&io = own->io] { io.run(); });
  return std::unique_ptr<TlsFront>(new TlsFront(std::move(own)));
}

std::uint16_t TlsFront::port() const { return implementation_->port; }

}  // namespace parley::server
