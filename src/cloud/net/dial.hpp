#pragma once
// Name → connection → TLS, for both kinds of stream. Included by the two files that hold connections and by nobody else.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "cloud/net/address.hpp"

namespace parley::cloud::net {

using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

/// Connects; the deadline is the caller's, who closes the stream.
inline boost::asio::awaitable<void> dial(PlainStream& stream, Address const& address, boost::beast::error_code& error) {
  using boost::asio::redirect_error;
  using boost::asio::use_awaitable;
  boost::asio::ip::tcp::resolver resolver(stream.get_executor());
  auto const found =
      co_await resolver.async_resolve(address.host, std::to_string(address.port), redirect_error(use_awaitable, error));
  if (error) co_return;
  co_await stream.async_connect(found, redirect_error(use_awaitable, error));
  if (error) co_return;
  boost::beast::error_code ignored;
  stream.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

inline boost::asio::awaitable<void> dial(TlsStream& stream, Address const& address, boost::beast::error_code& error) {
  co_await dial(stream.next_layer(), address, error);
  if (error) co_return;
  SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str());
  stream.set_verify_callback(boost::asio::ssl::host_name_verification(address.host), error);
  if (error) co_return;
  co_await stream.async_handshake(boost::asio::ssl::stream_base::client,
                                  boost::asio::redirect_error(boost::asio::use_awaitable, error));
}

}  // namespace parley::cloud::net
