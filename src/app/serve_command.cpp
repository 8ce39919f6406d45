#include "app/serve_command.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>

#include "app/house.hpp"
#include "app/interrupt.hpp"
#include "app/knowledge_routes.hpp"
#include "app/page_routes.hpp"
#include "app/settings.hpp"
#include "core/sha256.hpp"
#include "server/access.hpp"
#include "server/server.hpp"
#include "server/text/text_routes.hpp"
#include "server/tls_front.hpp"

namespace parley::app {
namespace {

constexpr std::chrono::seconds grace_for_calls{20};  // after SIGTERM: running calls may end by themselves

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

/// Everything a caller may be spoken to with, for the server to check the client's choice against.
server::Voices voices_of(speech::Synthesiser const& synthesiser) {
  server::Voices voices;
  for (auto const& voice : synthesiser.voices()) voices[voice.name] = voice.languages.empty() ? "en" : voice.languages.front();
  return voices;
}

core::Result<server::OpenedCall> open_call(House const& house, server::CallRequest const& request,
                                           conversation::Call::Listener listener) {
  auto const& config = house.config();
  if (!house.engines().synthesiser) {
    return core::fail(core::Code::unavailable, "this server was started for text only (--text-only)");
  }
  auto role = house.roles().load(request.role.empty() ? config.role : request.role);
  if (!role) return std::unexpected(role.error());
  server::OpenedCall opened;
  opened.settings = settings_of(*role, config);
  opened.role = role->id;
  opened.transcriber = config.asr;
  opened.voices = voices_of(*house.engines().synthesiser);
  auto call = conversation::Call::open(request.executor, house.engines_for(*role), opened.settings, std::move(listener));
  if (!call) return std::unexpected(call.error());
  opened.call = std::move(*call);
  return opened;
}

core::Result<std::shared_ptr<language::Model>> model_named(House const& house, std::string const& name) {
  if (name == "default" || name == house.config().llm) return house.engines().model;
  return core::fail(core::Code::not_found,
                    fmt::format("there is no model '{}' here; use 'default' or '{}'", name, house.config().llm), "model");
}

/// The keys of the environment and those of the file.
core::Result<std::shared_ptr<server::KeyBook>> open_keys(Config const& config) {
  server::KeyBook::Options options;
  options.file = keys_file_of(config);
  for (auto const& key : keys_of(config)) options.configured_hashes.push_back(core::sha256_of(key));
  options.prices = {config.input_price, config.output_price};
  return server::KeyBook::open(std::move(options));
}

/// Beyond this machine only with a key, as the plain door has it.
core::Result<std::unique_ptr<server::TlsFront>> open_front(Config const& config, bool needs_key, std::uint16_t inner_port) {
  if (!needs_key && !server::is_loopback_host(config.host)) {
    return core::fail(core::Code::permission,
                      "without an API key only this machine is served; set a key or use --host 127.0.0.1", config.host);
  }
  server::TlsOptions options;
  options.host = config.host;
  options.port = config.port;
  options.certificate = config.certificate;
  options.private_key = config.private_key;
  options.inner_port = inner_port;
  return server::TlsFront::start(std::move(options));
}

}  // namespace

int serve_command(Config const& config, bool text_only) {
  Interrupt interrupt;
  auto say = [](std::string const& what) { std::cerr << what << std::endl; };

  // The models are loaded behind an open door: /healthz answers at once, /readyz when a call can be taken.
  auto const keys = open_keys(config);
  if (!keys) return complain(keys.error());
  std::unique_ptr<House> house;
  server::Options options;
  bool const encrypted = !config.certificate.empty();
  options.host = encrypted ? "127.0.0.1" : config.host;
  options.port = encrypted ? 0 : config.port;
  options.keys = *keys;
  options.limits.sessions = config.calls;
  options.beta_shape = config.beta_protocol;
  std::atomic<speech::Synthesiser const*> speaking = nullptr;  // set once the house is open
  add_page(options.routes);
  add_role_routes(options.routes, language::Roles(share_folder() / "roles"), config.role);
  add_voice_routes(options.routes, [&speaking]() -> core::Result<std::vector<speech::VoiceInfo>> {
    auto const* synthesiser = speaking.load();
    if (synthesiser == nullptr) return core::fail(core::Code::unavailable, "the voices are still being loaded; try again");
    return synthesiser->voices();
  });
  options.models = {"default", config.llm};
  server::add_text_routes(
      options.routes, {[&house](std::string const& name) { return model_named(*house, name); },
                       std::make_shared<server::TextMetrics>(config.llm),
                       std::make_shared<server::AdmissionDesk>(server::AdmissionLimits{config.longest_wait_s, config.slowdown}),
                       [book = *keys] { return book->metrics(); }});
  add_knowledge_routes(options.routes, [&house]() -> KnowledgeRoom& { return house->knowledge(); });
  server::Hooks hooks;
  hooks.open_call = [&house](server::CallRequest const& request, conversation::Call::Listener listener) {
    return open_call(*house, request, std::move(listener));  // only called once the server has been told it is ready
  };
  auto server = server::Server::start(std::move(options), std::move(hooks));
  if (!server) return complain(server.error());
  std::unique_ptr<server::TlsFront> front;
  if (encrypted) {
    auto started = open_front(config, (*keys)->needs_key(), (*server)->port());
    if (!started) return complain(started.error());
    front = std::move(*started);
  }
  fmt::print("listening on {}://{}:{}\n", encrypted ? "https" : "http", config.host, front ? front->port() : (*server)->port());
  std::fflush(stdout);

  auto opened = House::open(config, {.hearing = !text_only, .thinking = true, .speaking = !text_only}, say);
  if (!opened) return complain(opened.error());
  house = std::move(*opened);
  speaking = house->engines().synthesiser.get();
  if (auto const warm = house->warm(say); !warm) return complain(warm.error());
  (*server)->set_ready(true);
  fmt::print("ready\n");
  std::fflush(stdout);

  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait(lock, interrupt.token(), [] { return false; });
  say("ending: no new calls; running ones have some seconds to end");
  (*server)->stop(grace_for_calls);
  if (auto const& guard = house->guard()) say("guard: " + guard::summary(guard->report().snapshot()));
  return 0;
}

}  // namespace parley::app
