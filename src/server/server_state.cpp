#include "server/server_state.hpp"

#include <nlohmann/json.hpp>

namespace parley::server {
namespace {

using nlohmann::json;

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

HttpReply readiness(ServerState const& state) {
  json body{{"status", state.draining ? "draining" : state.ready ? "ready" : "starting"}, {"sessions", state.sessions()}};
  HttpReply reply{state.ready && !state.draining ? 200 : 503, body.dump(), "application/json", {}};
  if (reply.status != 200) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

HttpReply models(ServerState const& state) {
  json body{{"object", "list"}, {"data", json::array()}};
  for (auto const& id : state.options.models) {
    body["data"].push_back({{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "parley"}});
  }
  return {200, body.dump(), "application/json", {}};
}

}  // namespace

ServerState::ServerState(Options given, Hooks hooks_given)
    : options(std::move(given)),
      hooks(std::move(hooks_given)),
      keys(options.keys ? options.keys : KeyBook::configured()),
      access(keys),
      secrets(unix_now),
      routes(options.routes) {
  routes.add("GET", "/healthz",
             [](HttpRequest const&) { return HttpReply{200, R"({"status":"alive"})", "application/json", {}}; },
             {.needs_key = false});
  routes.add("GET", "/readyz", [this](HttpRequest const&) { return readiness(*this); }, {.needs_key = false});
  routes.add("GET", "/v1/models", [this](HttpRequest const&) { return models(*this); }, {.needs_key = true});
  routes.add("POST", "/v1/realtime/client_secrets",
             [this](HttpRequest const& request) { return issue_client_secret(secrets, request.body, request.key); },
             {.needs_key = true});
  routes.add("DELETE", "/v1/realtime/client_secrets",
             [this](HttpRequest const& request) { return revoke_client_secret(secrets, request.body); }, {.needs_key = true});
  routes.add("GET", "/v1/realtime",
             [](HttpRequest const&) {
               HttpReply reply = error_reply(
                   426, {"upgrade_required", "This address speaks WebSocket: connect with wss:// or ws://.", {}, {}});
               reply.headers.emplace_back("Upgrade", "websocket");
               return reply;
             },
             {.needs_key = true});
}

std::optional<ServerState::Place> ServerState::admit() {
  std::lock_guard const lock(mutex_);
  if (sessions_ >= options.limits.sessions) return std::nullopt;
  ++sessions_;
  return Place(shared_from_this());
}

ServerState::Place::~Place() {
  if (!state_) return;
  std::lock_guard const lock(state_->mutex_);
  --state_->sessions_;
  std::erase_if(state_->entered_, [](auto const& session) { return session.expired(); });
  state_->emptied_.notify_all();
}

void ServerState::enter(std::weak_ptr<WebSocketSession> session) {
  std::lock_guard const lock(mutex_);
  entered_.push_back(std::move(session));
}

std::vector<std::shared_ptr<WebSocketSession>> ServerState::present() {
  std::lock_guard const lock(mutex_);
  std::vector<std::shared_ptr<WebSocketSession>> sessions;
  for (auto const& entered : entered_) {
    if (auto session = entered.lock()) sessions.push_back(std::move(session));
  }
  return sessions;
}

int ServerState::sessions() const {
  std::lock_guard const lock(mutex_);
  return sessions_;
}

bool ServerState::wait_until_empty(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, longest, [this] { return sessions_ == 0; });
}

}  // namespace parley::server
