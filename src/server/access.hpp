#pragma once
// Who may come in. Pure questions about one request.
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/keys/key_book.hpp"
#include "server/protocol_error.hpp"

namespace parley::server {

/// The parts of a request's head that decide about access.
struct Visitor {
  std::string authorization;  ///< the header, "Bearer …"
  std::string protocols;      ///< Sec-WebSocket-Protocol
  std::string origin, host;   ///< headers, as they came
};

class Access {
 public:
  /// A book without keys: this machine only, no key needed.
  explicit Access(std::shared_ptr<KeyBook const> keys) : keys_(std::move(keys)) {}

  /// Whose request it is; null when no key is needed. Without keys, a page of a foreign origin and a request for a foreign host
  /// name are refused: any page in a browser on this machine could otherwise talk to us (cross-site sockets, DNS rebinding).
  [[nodiscard]] std::expected<std::shared_ptr<KeyAccount>, ProtocolError> admit(Visitor const& visitor) const;

  /// The key that came with a request, from the header or the sub-protocol of a browser; empty when there is none.
  [[nodiscard]] static std::string key_of(Visitor const& visitor);

 private:
  std::shared_ptr<KeyBook const> keys_;
};

/// "realtime" when the client offers it, else empty: what the handshake answers.
[[nodiscard]] std::string_view chosen_protocol(std::string_view offered);

/// "127.0.0.1:8080", "[::1]", "localhost": of this machine?
[[nodiscard]] bool is_loopback_host(std::string_view host_and_port);

}  // namespace parley::server
