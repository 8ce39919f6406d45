#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "cloud/volcengine/simulator/session.hpp"

namespace parley::cloud::volcengine {

/// One connection to the simulator, from its first byte to its last: requests one after the other, or a WebSocket.
[[nodiscard]] boost::asio::awaitable<void> visit(std::shared_ptr<SimulatorState> state, boost::asio::ip::tcp::socket socket);

}  // namespace parley::cloud::volcengine
