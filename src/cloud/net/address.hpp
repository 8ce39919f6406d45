#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::cloud::net {

/// Where a service is: https://ark.cn-beijing.volces.com/api/v3, wss://…, ws://127.0.0.1:8091/api/v3/…
struct Address {
  bool tls = true;
  std::string host;  ///< a name or an address without brackets
  std::uint16_t port = 443;
  std::string path = "/";  ///< with the query; without a final slash unless it is the only one

  [[nodiscard]] std::string authority() const;  ///< for the Host header: the port only when it is not the scheme's own
  [[nodiscard]] std::string where() const;      ///< for messages: "https://host:port", never a path or a query
  /// This address with more path: "/chat/completions".
  [[nodiscard]] Address operator/(std::string_view more) const;
};

/// http, https, ws and wss. `invalid` says what is wrong; user names in an address are refused, because they end in logs.
[[nodiscard]] core::Result<Address> parse_address(std::string_view url);

}  // namespace parley::cloud::net
