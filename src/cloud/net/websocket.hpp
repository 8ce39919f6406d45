#pragma once
// A WebSocket to a service (RFC 6455, plain or TLS). Everything about one connection happens on its executor: `send` and
// `close` are called there, and the handlers are.
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/net/address.hpp"
#include "core/result.hpp"

namespace parley::cloud::net {

class Network;

using Headers = std::vector<std::pair<std::string, std::string>>;

class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  struct Options {
    Address address;
    Headers headers;
    std::chrono::milliseconds open_within{10'000};  ///< name, connection, TLS and upgrade together
    std::size_t most_message_bytes = std::size_t{16} << 20U;
    std::size_t most_waiting_bytes = std::size_t{8} << 20U;  ///< to be sent; more ends the connection
  };
  struct Ended {
    core::Error error;    ///< `unavailable` too when the service closed in the ordinary way
    int http_status = 0;  ///< when it refused the upgrade
    std::string body;     ///< what it said then
    bool opened = false;  ///< it had been open
  };
  struct Handlers {
    std::function<void(std::string const& log_id)> opened;
    std::function<void(std::string_view bytes, bool text)> message;
    std::function<void(Ended const&)> ended;  ///< once, the last; not after `close`
  };

  /// Begins to connect. May be called from anywhere.
  static std::shared_ptr<WebSocket> open(Network& network, boost::asio::any_io_executor executor, Options options,
                                         Handlers handlers);
  virtual ~WebSocket() = default;

  virtual void send(std::string bytes, bool text = false) = 0;  ///< before it is open it waits
  virtual void close() = 0;                                     ///< quietly; no handler is called any more
};

}  // namespace parley::cloud::net
