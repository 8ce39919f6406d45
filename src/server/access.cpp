#include "server/access.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <vector>

namespace parley::server {
namespace {

constexpr std::string_view key_protocol = "openai-insecure-api-key.";

std::vector<std::string_view> listed(std::string_view header) {
  std::vector<std::string_view> names;
  while (!header.empty()) {
    auto const comma = header.find(',');
    std::string_view name = header.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.push_back(name);
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
  }
  return names;
}

std::string_view host_of_origin(std::string_view origin) {
  auto const scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view{} : origin.substr(scheme + 3);
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') == std::string_view::npos ? 0 : host.find(']') - 1);
  } else if (std::ranges::count(host, ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  boost::system::error_code error;
  auto const address = boost::asio::ip::make_address(std::string(host), error);
  return !error && address.is_loopback();
}

std::string_view chosen_protocol(std::string_view offered) {
  auto const names = listed(offered);
  return std::ranges::find(names, "realtime") == names.end() ? "" : "realtime";
}

std::string Access::key_of(Visitor const& visitor) {
  std::string_view const authorization = visitor.authorization;
  constexpr std::string_view bearer = "bearer ";
  auto const same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
  if (authorization.size() > bearer.size() && std::ranges::equal(authorization.substr(0, bearer.size()), bearer, same)) {
    return std::string(authorization.substr(bearer.size()));
  }
  for (auto const name : listed(visitor.protocols)) {
    if (name.starts_with(key_protocol)) return std::string(name.substr(key_protocol.size()));
  }
  return {};
}

std::expected<std::shared_ptr<KeyAccount>, ProtocolError> Access::admit(Visitor const& visitor) const {
  if (!keys_->needs_key()) {
    if (!visitor.host.empty() && !is_loopback_host(visitor.host)) {
      return std::unexpected(ProtocolError{
          "host_not_allowed", "Without a key only requests for this machine's own name are answered.", "host", {}});
    }
    if (!visitor.origin.empty() && !is_loopback_host(host_of_origin(visitor.origin))) {
      return std::unexpected(ProtocolError{"origin_not_allowed",
                                           "Without a key only pages of this machine may connect; set a key to allow others.",
                                           "origin",
                                           {}});
    }
    return nullptr;
  }
  std::string const key = key_of(visitor);
  if (key.empty()) {
    return std::unexpected(ProtocolError{"missing_api_key", "No API key: send the header 'Authorization: Bearer …'.", {}, {}});
  }
  if (auto account = keys_->find(key)) return account;
  return std::unexpected(
      ProtocolError{"invalid_api_key", "This API key is not known here, was revoked or has expired.", {}, {}});
}

}  // namespace parley::server
