#pragma once
// Ephemeral keys: a server of the user's asks for one with its API key and gives it to a browser, which may open calls with it
// until it expires, and nothing else. `POST /v1/realtime/client_secrets` of the OpenAI Realtime protocol.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "server/field_reader.hpp"
#include "server/http_routes.hpp"

namespace parley::server {

/// Thread-safe. Only the hash of a secret is kept.
class ClientSecrets {
 public:
  using Now = std::function<std::int64_t()>;                                                   ///< seconds since 1970
  static constexpr std::size_t most = 10'000;                                                  ///< alive at once
  static constexpr std::int64_t standard_life = 600, shortest_life = 10, longest_life = 7200;  ///< seconds

  explicit ClientSecrets(Now now) : now_(std::move(now)) {}

  struct Issued {
    std::string value;  ///< "ek_…", never seen again
    std::int64_t expires_at = 0;
  };
  /// `session`: what a call opened with it begins with, an update as the protocol has it. `owner`: the id of the key that
  /// asked. Errors: busy when too many are alive.
  [[nodiscard]] core::Result<Issued> issue(std::int64_t seconds, Json session, std::string owner);

  struct Found {
    Json session;
    std::string owner;
  };

  /// The session that goes with it; nullopt when it was never issued, has expired or was revoked. A secret may be used often.
  [[nodiscard]] std::optional<Found> find(std::string_view value) const;

  /// Whether it was there.
  bool revoke(std::string_view value);

  [[nodiscard]] static bool looks_like_one(std::string_view key) noexcept { return key.starts_with("ek_"); }

 private:
  struct Secret {
    std::int64_t expires_at = 0;
    Found found;
  };
  void forget_expired();

  Now now_;
  mutable std::mutex mutex_;
  std::map<std::string, Secret> secrets_;  ///< by SHA-256
};

/// POST issues one, DELETE with {"value"} revokes it.
[[nodiscard]] HttpReply issue_client_secret(ClientSecrets& secrets, std::string const& body, std::string owner = {});
[[nodiscard]] HttpReply revoke_client_secret(ClientSecrets& secrets, std::string const& body);

}  // namespace parley::server
