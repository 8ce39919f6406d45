#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "server/server_state.hpp"

namespace parley::server {

/// Answers requests on one connection until it ends or becomes a WebSocket. Runs on the strand of the socket.
boost::asio::awaitable<void> serve_connection(std::shared_ptr<ServerState> state, boost::asio::ip::tcp::socket socket);

}  // namespace parley::server
