#pragma once
// Who may come in. Pure questions about one request.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  /// `key_hashes`: SHA-256 of the keys in lower-case hex. None: this machine only, no key needed.
  explicit Access(std::vector<std::string> key_hashes) : key_hashes_(std::move(key_hashes)) {}

  /// nullopt: welcome. Without keys, a page of a foreign origin and a request for a foreign host name are refused: any page in
  /// a browser on this machine could otherwise talk to us (cross-site sockets, DNS rebinding).
  [[nodiscard]] std::optional<ProtocolError> refusal(Visitor const& visitor) const;

  /// The key that came with a request, from the header or the sub-protocol of a browser; empty when there is none.
  [[nodiscard]] static std::string key_of(Visitor const& visitor);

  [[nodiscard]] bool needs_key() const { return !key_hashes_.empty(); }

 private:
  std::vector<std::string> key_hashes_;
};

/// "realtime" when the client offers it, else empty: what the handshake answers.
[[nodiscard]] std::string_view chosen_protocol(std::string_view offered);

/// "127.0.0.1:8080", "[::1]", "localhost": of this machine?
[[nodiscard]] bool is_loopback_host(std::string_view host_and_port);

}  // namespace parley::server
