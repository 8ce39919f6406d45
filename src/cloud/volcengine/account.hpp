#pragma once
// Who asks, as the speech services want it in the headers of the upgrade or POST.
#include <string>

#include "cloud/net/websocket.hpp"
#include "cloud/secret.hpp"

namespace parley::cloud::volcengine {

/// Either `api_key` alone (the new console) or both others (the old one); mixing them is refused with 45000010.
struct Account {
  std::string app_id;
  Secret access_token;
  Secret api_key;
};

/// `resource` selects the product; a new connection id goes with every connection.
[[nodiscard]] net::Headers headers(Account const& account, std::string const& resource);

/// The same for synthesis v1, which wants the access token and nothing else.
[[nodiscard]] net::Headers v1_headers(Account const& account);

/// A random UUID (RFC 4122, version 4).
[[nodiscard]] std::string uuid();

/// The resource that a voice belongs to, by the parts of its name; empty when they do not say.
[[nodiscard]] std::string resource_of_voice(std::string_view voice);

}  // namespace parley::cloud::volcengine
