#pragma once
// A key that is in use: what it opens, and what it has used against its limits. Thread-safe.
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http_routes.hpp"
#include "server/keys/api_key.hpp"
#include "server/keys/key_usage.hpp"

namespace parley::server {

/// Why a key gets no more now. The names are OpenAI's: "rate_limit_exceeded" passes with time, "insufficient_quota" with the
/// month.
struct KeyRefusal {
  std::string code, type, message;
  double retry_after = 0;  ///< seconds, after which the same would be let through if nothing else is asked meanwhile
};
/// 429 with Retry-After; 401 for a key that has ceased.
[[nodiscard]] HttpReply refusal_reply(KeyRefusal const& refusal);

class KeyAccount : public std::enable_shared_from_this<KeyAccount> {
 public:
  using Now = std::function<double()>;  ///< seconds since 1970

  KeyAccount(ApiKey key, Prices prices, Now now);

  [[nodiscard]] std::string id() const;
  [[nodiscard]] bool alive() const;  ///< neither revoked nor expired
  [[nodiscard]] bool opens(std::string_view scope) const;

  /// One request of any kind.
  [[nodiscard]] std::optional<KeyRefusal> take_request();

  /// Tokens that an answer may come to, held until it is known how many they were.
  class TokenHold {
   public:
    TokenHold(std::shared_ptr<KeyAccount> account, std::int64_t tokens) : account_(std::move(account)), tokens_(tokens) {}
    TokenHold(TokenHold const&) = delete;
    TokenHold& operator=(TokenHold const&) = delete;
    ~TokenHold() { settle(0, 0); }  ///< nothing was used
    void settle(std::int64_t input, std::int64_t output);

   private:
    std::shared_ptr<KeyAccount> account_;
    std::int64_t tokens_;
  };
  [[nodiscard]] std::expected<std::unique_ptr<TokenHold>, KeyRefusal> hold_tokens(std::int64_t expected);

  /// A place among the key's calls, given back when it is destroyed.
  class CallHold {
   public:
    explicit CallHold(std::shared_ptr<KeyAccount> account);
    CallHold(CallHold const&) = delete;
    CallHold& operator=(CallHold const&) = delete;
    ~CallHold();
    /// So many bytes more have passed, and so has the time. A refusal: the call has to end.
    [[nodiscard]] std::optional<KeyRefusal> used(std::size_t bytes);
    [[nodiscard]] double seconds_left() const;  ///< infinite without a limit

   private:
    std::shared_ptr<KeyAccount> account_;
    double charged_until_;
  };
  [[nodiscard]] std::expected<std::unique_ptr<CallHold>, KeyRefusal> open_call();

  /// x-ratelimit-limit-requests and its kin, of the limits there are.
  void add_headers(std::vector<std::pair<std::string, std::string>>& headers);

  void change(ApiKey key);  ///< the file has changed
  [[nodiscard]] ApiKey key() const;
  [[nodiscard]] KeyUsage usage() const;
  void restore(KeyUsage const& usage);

 private:
  [[nodiscard]] std::optional<KeyRefusal> over_month(double now) const;
  [[nodiscard]] KeyRefusal quota(std::string const& what, double now) const;
  void charge(std::int64_t input, std::int64_t output);

  Prices const prices_;
  Now const now_;
  mutable std::mutex mutex_;
  ApiKey key_;
  mutable KeyUsage usage_;  ///< its month turns when somebody looks
  std::int64_t held_tokens_ = 0;
  std::int64_t calls_ = 0;
};

}  // namespace parley::server
