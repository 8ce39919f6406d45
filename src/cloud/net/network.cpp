#include "cloud/net/network.hpp"

#include <boost/asio/strand.hpp>
#include <boost/beast/core/error.hpp>

#include "core/log.hpp"

namespace parley::cloud::net {

namespace asio = boost::asio;

core::Result<std::unique_ptr<Network>> Network::start(int threads, std::filesystem::path const& authorities) {
  std::unique_ptr<Network> network(new Network(threads));
  boost::system::error_code error;
  network->tls_.set_default_verify_paths(error);
  if (!error && !authorities.empty()) network->tls_.load_verify_file(authorities.string(), error);
  if (error) {
    return core::fail(core::Code::invalid, "the file of trusted certificates cannot be read: " + error.message(),
                      authorities.string());
  }
  network->tls_.set_verify_mode(asio::ssl::verify_peer, error);
  for (int i = 0; i < threads; ++i) {
    network->threads_.emplace_back([&io = network->io_] {
      while (!io.stopped()) {
        try {
          io.run();
        } catch (std::exception const& fault) {  // of one connection's handler; the others go on
          spdlog::error("cloud: a connection ended by a fault: {}", fault.what());
        }
      }
    });
  }
  return network;
}

Network::Network(int threads) : tls_(asio::ssl::context::tls_client), io_(threads), work_(io_.get_executor()) {}

Network::~Network() {
  work_.reset();
  io_.stop();
  threads_.clear();
}

asio::any_io_executor Network::strand() { return asio::make_strand(io_); }

core::Error error_of(boost::system::error_code error, std::string const& where, char const* doing) {
  if (error == boost::beast::error::timeout) {
    return {core::Code::deadline, std::string(doing) + " took too long; look at the network or allow more time", where, {}};
  }
  if (error == asio::error::operation_aborted) return {core::Code::cancelled, "it was given up", where, {}};
  return {core::Code::unavailable, std::string(doing) + " failed: " + error.message(), where, {}};
}

}  // namespace parley::cloud::net
