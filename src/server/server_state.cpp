#include "server/server_state.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    json entry{{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "parley"}};
    auto const facts = state.ready && state.hooks.describe_model ? state.hooks.describe_model(id) : ModelFacts{};
    if (!facts.precision.empty()) entry["precision"] = facts.precision;
    if (facts.context_tokens > 0) entry["context_tokens"] = facts.context_tokens;
    if (!facts.parent.empty()) entry["parent"] = facts.parent;
    if (!facts.state.empty()) entry["state"] = facts.state;
    body["data"].push_back(std::move(entry));
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

std::expected<ServerState::Place, ServerState::Full> ServerState::admit() {
  std::lock_guard const lock(mutex_);
  if (sessions_ >= options.limits.sessions) {
    ++beyond_limit_;
    return std::unexpected(Full::limit);
  }
  if (hooks.bearable && sessions_ >= hooks.bearable(turns_)) {
    ++beyond_stages_;
    return std::unexpected(Full::stages);
  }
  ++sessions_;
  ++admitted_;
  return Place(shared_from_this(), &ServerState::sessions_);
}

ServerState::Place ServerState::answering() {
  std::lock_guard const lock(mutex_);
  ++answers_;
  return {shared_from_this(), &ServerState::answers_};
}

ServerState::Place::~Place() {
  if (!state_) return;
  std::lock_guard const lock(state_->mutex_);
  --((*state_).*among_);
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

void ServerState::answered() {
  std::lock_guard const lock(mutex_);
  ++turns_;
  if (hooks.bearable) (void)hooks.bearable(turns_);
}

std::string ServerState::metrics() const {
  std::lock_guard const lock(mutex_);
  int bearable = options.limits.sessions;
  if (hooks.bearable && ready) bearable = std::min(bearable, std::max(sessions_, hooks.bearable(turns_)));
  return fmt::format(
      "# HELP parley_calls Calls that run.\n# TYPE parley_calls gauge\nparley_calls {}\n"
      "# HELP parley_calls_bearable Calls that the stages can bear, those that run included.\n"
      "# TYPE parley_calls_bearable gauge\nparley_calls_bearable {}\n"
      "# HELP parley_calls_admitted_total Calls that were let in.\n"
      "# TYPE parley_calls_admitted_total counter\nparley_calls_admitted_total {}\n"
      "# HELP parley_calls_refused_total Calls that were told to come again later, by what was full.\n"
      "# TYPE parley_calls_refused_total counter\n"
      "parley_calls_refused_total{{full=\"limit\"}} {}\nparley_calls_refused_total{{full=\"stages\"}} {}\n"
      "# HELP parley_turns_total Turns that were answered.\n# TYPE parley_turns_total counter\nparley_turns_total {}\n"
      "# HELP parley_draining 1 while the server is ending.\n# TYPE parley_draining gauge\nparley_draining {}\n",
      sessions_, bearable, admitted_, beyond_limit_, beyond_stages_, turns_, draining ? 1 : 0);
}

bool ServerState::wait_until_empty(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, longest, [this] { return sessions_ == 0 && answers_ == 0; });
}

}  // namespace parley::server
