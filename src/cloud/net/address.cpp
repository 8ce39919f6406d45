#include "cloud/net/address.hpp"

#include <algorithm>
#include <charconv>

namespace parley::cloud::net {
namespace {

bool loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

}  // namespace

std::string Address::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string Address::where() const { return (tls ? "https://" : "http://") + authority(); }

Address Address::operator/(std::string_view more) const {
  Address out = *this;
  if (out.path == "/") out.path.clear();
  out.path += more;
  return out;
}

core::Result<Address> parse_address(std::string_view url) {
  auto const bad = [&](char const* what) { return core::fail(core::Code::invalid, what, std::string(url.substr(0, 200))); };
  Address address;
  auto const scheme_end = url.find("://");
  auto const scheme = url.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end);
  if (scheme == "https" || scheme == "wss") {
    address.tls = true;
  } else if (scheme == "http" || scheme == "ws") {
    address.tls = false;
  } else {
    return bad("an address begins with https://, wss://, http:// or ws://");
  }
  address.port = address.tls ? 443 : 80;
  auto rest = url.substr(scheme_end + 3);
  auto const slash = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, slash);
  auto path = rest.substr(slash);
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty()) address.path = path;
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return core::fail(core::Code::invalid, "an address holds no spaces and no control characters", "address");
  }
  if (authority.find('@') != std::string_view::npos) {
    return core::fail(core::Code::invalid, "an address holds no name or password; put the key into an environment variable",
                      "address");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    auto const end = authority.find(']');
    if (end == std::string_view::npos) return bad("an address in brackets is not closed");
    address.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    auto const colon = std::min(authority.find(':'), authority.size());
    address.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (address.host.empty()) return bad("an address names a host");
  if (!port.empty()) {
    auto const [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), address.port);
    if (port.front() != ':' || error != std::errc() || end != port.data() + port.size() || address.port == 0) {
      return bad("the port of an address is a number from 1 to 65535");
    }
  }
  if (!address.tls && !loopback(address.host)) {
    // A key would travel in the clear; in a private network that is the owner's decision, so it is only allowed by name.
    if (address.host.find('.') != std::string::npos && !address.host.starts_with("10.") &&
        !address.host.starts_with("192.168.") && !address.host.starts_with("172.") && !address.host.ends_with(".local") &&
        !address.host.ends_with(".internal")) {
      return bad("a service on the open network is reached by https:// or wss:// only, because the key would be readable");
    }
  }
  return address;
}

}  // namespace parley::cloud::net
