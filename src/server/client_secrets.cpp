#include "server/client_secrets.hpp"

#include <openssl/rand.h>

#include <array>

#include "core/sha256.hpp"
#include "server/session_config.hpp"

namespace parley::server {
namespace {

std::optional<std::string> fresh_secret() {
  std::array<unsigned char, 24> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string value = "ek_";
  for (unsigned const byte : bytes) {
    value += digits[byte >> 4U];
    value += digits[byte & 15U];
  }
  return value;
}

HttpReply bad(Complaint const& complaint) { return error_reply(400, *complaint); }

std::string text_of(Json const& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

core::Result<ClientSecrets::Issued> ClientSecrets::issue(std::int64_t seconds, Json session, std::string owner) {
  auto const value = fresh_secret();
  if (!value) return core::fail(core::Code::internal, "the system gave no random numbers");
  std::lock_guard const lock(mutex_);
  forget_expired();
  if (secrets_.size() >= most) {
    return std::unexpected(
        core::Error{core::Code::busy, "too many ephemeral keys are alive; let some expire", {}, std::chrono::seconds(10)});
  }
  Issued issued{*value, now_() + seconds};
  secrets_[core::sha256_of(*value)] = {issued.expires_at, {std::move(session), std::move(owner)}};
  return issued;
}

std::optional<ClientSecrets::Found> ClientSecrets::find(std::string_view value) const {
  std::string const hash = core::sha256_of(std::string(value));
  std::lock_guard const lock(mutex_);
  auto const found = secrets_.find(hash);
  if (found == secrets_.end() || found->second.expires_at <= now_()) return std::nullopt;
  return found->second.found;
}

bool ClientSecrets::revoke(std::string_view value) {
  std::string const hash = core::sha256_of(std::string(value));
  std::lock_guard const lock(mutex_);
  return secrets_.erase(hash) != 0;
}

void ClientSecrets::forget_expired() {
  auto const now = now_();
  std::erase_if(secrets_, [&](auto const& secret) { return secret.second.expires_at <= now; });
}

HttpReply issue_client_secret(ClientSecrets& secrets, std::string const& body, std::string owner) {
  Complaint complaint;
  auto const given = parse_json_object(body.empty() ? "{}" : std::string_view(body), complaint);
  if (!given) return bad(complaint);
  FieldReader fields(*given, "", complaint);
  fields.only({"expires_after", "session"});
  std::int64_t seconds = ClientSecrets::standard_life;
  if (Json const* after = fields.object("expires_after")) {
    FieldReader after_fields(*after, "expires_after", complaint);
    (void)after_fields.choice("anchor", {"created_at"});
    seconds = after_fields.integer("seconds", ClientSecrets::shortest_life, ClientSecrets::longest_life).value_or(seconds);
  }
  Json const* wanted = fields.object("session");
  Json const session = wanted == nullptr ? Json{{"type", "realtime"}} : *wanted;
  if (complaint) return bad(complaint);

  // What is wrong with the session is said now and not to the browser that comes with the key.
  SessionConfig::Identity identity;
  identity.model = session.contains("model") && session["model"].is_string() ? session["model"].get<std::string>() : "default";
  SessionConfig config(std::move(identity), {}, {});
  if (auto const merged = config.merge(session); !merged) return error_reply(400, merged.error());
  auto const issued = secrets.issue(seconds, session, std::move(owner));
  if (!issued) {
    return error_reply(core::http_status(issued.error().code),
                       {std::string(core::name(issued.error().code)), issued.error().message, {}, {}});
  }
  Json shown = config.object();
  shown["id"] = "sess_none";  // there is none before somebody calls
  shown["expires_at"] = 0;
  Json const answer{{"value", issued->value}, {"expires_at", issued->expires_at}, {"session", std::move(shown)}};
  HttpReply reply{200, text_of(answer), "application/json", {}};
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

HttpReply revoke_client_secret(ClientSecrets& secrets, std::string const& body) {
  Complaint complaint;
  auto const given = parse_json_object(body, complaint);
  if (!given) return bad(complaint);
  FieldReader fields(*given, "", complaint);
  std::string const value = fields.needed_text("value", 512);
  if (complaint) return bad(complaint);
  if (!secrets.revoke(value)) {
    return error_reply(404, {"not_found", "This ephemeral key is not known, or has expired already.", "value", {}});
  }
  return {200, R"({"deleted":true})", "application/json", {}};
}

}  // namespace parley::server
