#include "server/keys/key_account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace parley::server {
namespace {

/// "1s", "6m0s", "20ms": as OpenAI writes the time until a limit is whole again.
std::string duration_text(double seconds) {
  if (seconds <= 0) return "0s";
  if (seconds < 1) return fmt::format("{}ms", static_cast<int>(std::ceil(seconds * 1000)));
  auto const whole = static_cast<std::int64_t>(std::ceil(seconds));
  return whole < 60 ? fmt::format("{}s", whole) : fmt::format("{}m{}s", whole / 60, whole % 60);
}

KeyRefusal rate(char const* type, char const* what, double limit, double wait) {
  return {"rate_limit_exceeded", type,
          fmt::format("This key's limit of {:.0f} {} a minute is reached; try again in {}.", limit, what, duration_text(wait)),
          wait};
}

KeyRefusal ceased() { return {"invalid_api_key", "invalid_request_error", "This API key was revoked or has expired.", 0}; }

}  // namespace

HttpReply refusal_reply(KeyRefusal const& refusal) {
  bool const ceased = refusal.code == "invalid_api_key";
  HttpReply reply = error_reply(ceased ? 401 : 429, {refusal.code, refusal.message, {}, {}, refusal.type});
  if (!ceased) {
    reply.headers.emplace_back("Retry-After", fmt::format("{:.0f}", std::max(1.0, std::ceil(refusal.retry_after))));
    reply.headers.emplace_back("retry-after-ms", fmt::format("{:.0f}", std::max(1.0, std::ceil(refusal.retry_after * 1000))));
  }
  return reply;
}

KeyAccount::KeyAccount(ApiKey key, Prices prices, Now now) : prices_(prices), now_(std::move(now)), key_(std::move(key)) {
  usage_.request_bucket = RateBucket(static_cast<double>(key_.limits.requests_per_minute));
  usage_.token_bucket = RateBucket(static_cast<double>(key_.limits.tokens_per_minute));
}

std::string KeyAccount::id() const {
  std::lock_guard const lock(mutex_);
  return key_.id;
}

bool KeyAccount::alive() const {
  std::lock_guard const lock(mutex_);
  return key_.alive(now_());
}

bool KeyAccount::opens(std::string_view scope) const {
  std::lock_guard const lock(mutex_);
  return scope.empty() || std::ranges::find(key_.scopes, scope) != key_.scopes.end() ||
         std::ranges::find(key_.scopes, "all") != key_.scopes.end();
}

KeyRefusal KeyAccount::quota(std::string const& what, double now) const {
  return {"insufficient_quota", "insufficient_quota",
          fmt::format("This key's {} for the month is used up; it begins anew with the next month.", what),
          seconds_to_next_month(now)};
}

std::optional<KeyRefusal> KeyAccount::over_month(double now) const {
  usage_.enter(now);
  auto const& limits = key_.limits;
  auto const tokens = static_cast<std::int64_t>(usage_.input_tokens + usage_.output_tokens) + held_tokens_;
  if (limits.monthly_tokens > 0 && tokens >= limits.monthly_tokens) return quota("number of tokens", now);
  double const held_cost = static_cast<double>(held_tokens_) * std::max(prices_.input, prices_.output) / 1e6;
  if (limits.monthly_budget > 0 && usage_.cost + held_cost >= limits.monthly_budget) return quota("budget", now);
  return std::nullopt;
}

std::optional<KeyRefusal> KeyAccount::take_request() {
  std::lock_guard const lock(mutex_);
  double const now = now_();
  auto refusal = over_month(now);
  if (!refusal) {
    double const wait = usage_.request_bucket.take(1, now);
    if (wait > 0) refusal = rate("requests", "requests", usage_.request_bucket.per_minute(), wait);
  }
  ++(refusal ? usage_.refused : usage_.requests);
  return refusal;
}

std::expected<std::unique_ptr<KeyAccount::TokenHold>, KeyRefusal> KeyAccount::hold_tokens(std::int64_t expected) {
  std::lock_guard const lock(mutex_);
  double const now = now_();
  auto refusal = over_month(now);
  if (!refusal) {
    double const wait = usage_.token_bucket.take(static_cast<double>(expected), now);
    if (wait > 0) refusal = rate("tokens", "tokens", usage_.token_bucket.per_minute(), wait);
  }
  if (refusal) {
    ++usage_.refused;
    return std::unexpected(*std::move(refusal));
  }
  held_tokens_ += expected;
  return std::make_unique<TokenHold>(shared_from_this(), expected);
}

void KeyAccount::TokenHold::settle(std::int64_t input, std::int64_t output) {
  auto const account = std::exchange(account_, nullptr);
  if (!account) return;
  std::lock_guard const lock(account->mutex_);
  account->held_tokens_ -= tokens_;
  account->usage_.token_bucket.give_back(static_cast<double>(tokens_ - input - output), account->now_());
  account->charge(input, output);
}

void KeyAccount::charge(std::int64_t input, std::int64_t output) {
  usage_.enter(now_());
  usage_.input_tokens += static_cast<std::uint64_t>(input);
  usage_.output_tokens += static_cast<std::uint64_t>(output);
  usage_.cost += (static_cast<double>(input) * prices_.input + static_cast<double>(output) * prices_.output) / 1e6;
}

std::expected<std::unique_ptr<KeyAccount::CallHold>, KeyRefusal> KeyAccount::open_call() {
  {
    std::lock_guard const lock(mutex_);
    double const now = now_();
    auto refusal = over_month(now);
    auto const& limits = key_.limits;
    if (!refusal && limits.calls > 0 && calls_ >= limits.calls) {
      constexpr double another_look = 5;  // nobody knows when a conversation ends
      refusal = {"rate_limit_exceeded", "calls",
                 fmt::format("This key may hold {} calls at once and holds them; end one first.", limits.calls), another_look};
    }
    if (!refusal && limits.monthly_minutes > 0 && usage_.call_seconds >= 60.0 * static_cast<double>(limits.monthly_minutes)) {
      refusal = quota("time of calls", now);
    }
    if (!refusal && limits.monthly_bytes > 0 && usage_.call_bytes >= static_cast<std::uint64_t>(limits.monthly_bytes)) {
      refusal = quota("number of bytes in calls", now);
    }
    if (refusal) {
      ++usage_.refused;
      return std::unexpected(*std::move(refusal));
    }
    ++calls_;
  }
  return std::make_unique<CallHold>(shared_from_this());
}

KeyAccount::CallHold::CallHold(std::shared_ptr<KeyAccount> account)
    : account_(std::move(account)), charged_until_(account_->now_()) {}

KeyAccount::CallHold::~CallHold() {
  (void)used(0);
  std::lock_guard const lock(account_->mutex_);
  --account_->calls_;
}

std::optional<KeyRefusal> KeyAccount::CallHold::used(std::size_t bytes) {
  auto& own = *account_;
  std::lock_guard const lock(own.mutex_);
  double const now = own.now_();
  auto& usage = own.usage_;
  usage.enter(now);
  usage.call_seconds += std::max(0.0, now - std::exchange(charged_until_, now));
  usage.call_bytes += bytes;
  auto const& limits = own.key_.limits;
  if (!own.key_.alive(now)) return ceased();
  if (limits.monthly_minutes > 0 && usage.call_seconds >= 60.0 * static_cast<double>(limits.monthly_minutes)) {
    return own.quota("time of calls", now);
  }
  if (limits.monthly_bytes > 0 && usage.call_bytes >= static_cast<std::uint64_t>(limits.monthly_bytes)) {
    return own.quota("number of bytes in calls", now);
  }
  return std::nullopt;
}

double KeyAccount::CallHold::seconds_left() const {
  std::lock_guard const lock(account_->mutex_);
  auto const minutes = account_->key_.limits.monthly_minutes;
  if (minutes == 0) return std::numeric_limits<double>::infinity();
  return std::max(0.0, 60.0 * static_cast<double>(minutes) - account_->usage_.call_seconds);
}

void KeyAccount::add_headers(std::vector<std::pair<std::string, std::string>>& headers) {
  std::lock_guard const lock(mutex_);
  double const now = now_();
  auto const add = [&](std::string const& what, RateBucket& bucket) {
    if (bucket.per_minute() <= 0) return;
    headers.emplace_back("x-ratelimit-limit-" + what, fmt::format("{:.0f}", bucket.per_minute()));
    headers.emplace_back("x-ratelimit-remaining-" + what, fmt::format("{:.0f}", std::floor(bucket.left(now) + 1e-6)));
    headers.emplace_back("x-ratelimit-reset-" + what, duration_text(bucket.seconds_until_full(now)));
  };
  add("requests", usage_.request_bucket);
  add("tokens", usage_.token_bucket);
}

void KeyAccount::change(ApiKey key) {
  std::lock_guard const lock(mutex_);
  key_ = std::move(key);
  usage_.request_bucket.change(static_cast<double>(key_.limits.requests_per_minute));
  usage_.token_bucket.change(static_cast<double>(key_.limits.tokens_per_minute));
}

ApiKey KeyAccount::key() const {
  std::lock_guard const lock(mutex_);
  return key_;
}

KeyUsage KeyAccount::usage() const {
  std::lock_guard const lock(mutex_);
  usage_.enter(now_());
  return usage_;
}

void KeyAccount::restore(KeyUsage const& usage) {
  std::lock_guard const lock(mutex_);
  auto requests = usage_.request_bucket, tokens = usage_.token_bucket;
  requests.restore(usage.request_bucket.level(), usage.request_bucket.at());
  tokens.restore(usage.token_bucket.level(), usage.token_bucket.at());
  usage_ = usage;
  usage_.request_bucket = requests;
  usage_.token_bucket = tokens;
}

}  // namespace parley::server
