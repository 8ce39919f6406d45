#include "app/serve_command.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>

#include "app/house.hpp"
#include "app/interrupt.hpp"
#include "app/model_shelf.hpp"
#include "app/page_routes.hpp"
#include "app/public_routes.hpp"
#include "app/settings.hpp"
#include "app/stage_watch.hpp"
#include "core/sha256.hpp"
#include "server/access.hpp"
#include "server/server.hpp"
#include "server/tls_front.hpp"

namespace parley::app {
namespace {

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
  auto engines = house.engines_for(*role, {.client = request.client});
  if (!engines) return std::unexpected(engines.error());
  opened.voices = voices_of(*engines->synthesiser);
  auto call = conversation::Call::open(request.executor, *std::move(engines), opened.settings, std::move(listener));
  if (!call) return std::unexpected(call.error());
  opened.call = std::move(*call);
  return opened;
}

/// Of calls and of the stages behind them, as far as they are there.
std::string call_metrics(server::Server const* server, StageWatch const* watch) {
  return (server != nullptr ? server->metrics() : "") + (watch != nullptr ? watch->metrics() : "");
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
  std::atomic<House const*> opened_house = nullptr;      // set once the house is open,
  std::atomic<StageWatch*> watching = nullptr;           // once it is warm,
  std::atomic<server::Server const*> serving = nullptr;  // and once it listens
  add_page(options.routes);
  options.models = add_public_routes(
      options.routes, config, [&] { return opened_house.load(); },
      [&] { return call_metrics(serving, watching) + (*keys)->metrics(); });
  server::Hooks hooks;
  hooks.open_call = [&house](server::CallRequest const& request, conversation::Call::Listener listener) {
    return open_call(*house, request, std::move(listener));  // only called once the server has been told it is ready
  };
  hooks.bearable = [&watching](std::uint64_t turns) { return watching.load()->bearable(turns); };  // the same
  std::unique_ptr<StageWatch> watch;
  hooks.describe_model = [&house, llm = config.llm](std::string const& id) -> server::ModelFacts {
    server::ModelFacts facts;
    bool const adapted = house->adapted(id) != nullptr;
    if (adapted) facts.parent = llm;
    if (adapted || id == "default" || id == llm) {
      facts.precision = house->thinking().precision;
      facts.context_tokens = house->thinking().context_tokens;
    } else if (auto const* shelf = house->shelf(); shelf != nullptr && shelf->find(id)) {
      facts.state = name_of(shelf->state(id));
    }
    return facts;
  };
  auto server = server::Server::start(std::move(options), std::move(hooks));
  if (!server) return complain(server.error());
  serving = server->get();
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
  opened_house = house.get();
  if (auto const warm = house->warm(say); !warm) return complain(warm.error());
  watch = std::make_unique<StageWatch>(*house);
  watching = watch.get();
  (*server)->set_ready(true);
  fmt::print("ready\n");
  std::fflush(stdout);

  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait(lock, interrupt.token(), [] { return false; });
  say(fmt::format("ending: no new calls; {} running, closed when they are at rest, in {} s at the latest",
                  (*server)->sessions(), config.drain_s));
  (*server)->stop(std::chrono::seconds(config.drain_s));
  if (auto const& guard = house->guard()) say("guard: " + guard::summary(guard->report().snapshot()));
  return 0;
}

}  // namespace parley::app
