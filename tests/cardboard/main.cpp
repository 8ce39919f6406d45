// `parley serve` with engines of cardboard: everything from the socket to the conversation is the real thing.
//
//   cardboard_serve [--port N] [--key K] [--keys FILE] [--roles FOLDER] [--calls N] [--drain-s N] [--home FOLDER] [--log LEVEL]
//
// Knowledge bases are in the home (else $PARLEY_HOME), their vectors made of words.
// Prints "listening on http://127.0.0.1:PORT"; ends on SIGTERM.
#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "app/config.hpp"
#include "app/grounded_model.hpp"
#include "app/interrupt.hpp"
#include "app/knowledge_routes.hpp"
#include "app/page_routes.hpp"
#include "app/settings.hpp"
#include "cardboard/engines.hpp"
#include "core/heap.hpp"
#include "core/log.hpp"
#include "core/sha256.hpp"
#include "knowledge/test_embedder.hpp"
#include "server/server.hpp"
#include "server/text/text_routes.hpp"

using namespace parley;

int main(int argc, char** argv) {
  core::give_large_blocks_back();
  CLI::App cli("parley serve with engines of cardboard");
  std::uint16_t port = 0;
  std::string key, home, roles_folder = (app::share_folder() / "roles").string();
  int calls = 64, drain_s = 0;
  std::string keys_file, log = "warn";
  cli.add_option("--port", port);
  cli.add_option("--key", key);
  cli.add_option("--keys", keys_file);
  cli.add_option("--log", log);
  cli.add_option("--roles", roles_folder);
  cli.add_option("--calls", calls);
  cli.add_option("--drain-s", drain_s);
  cli.add_option("--home", home);
  CLI11_PARSE(cli, argc, argv);
  if (!home.empty()) setenv("PARLEY_HOME", home.c_str(), 1);

  core::start_log(log);
  app::Interrupt interrupt;
  boost::asio::io_context io;
  auto const work = boost::asio::make_work_guard(io);
  auto const engines = cardboard::engines(io.get_executor());
  app::Config const config;
  language::Roles const roles{roles_folder};

  server::Options options;
  options.port = port;
  options.limits.sessions = calls;
  options.beta_shape = true;
  server::KeyBook::Options keys;
  keys.file = keys_file;
  if (!key.empty()) keys.configured_hashes.push_back(core::sha256_of(key));
  auto const book = server::KeyBook::open(std::move(keys));
  if (!book) {
    std::cerr << core::describe(book.error()) << std::endl;
    return 1;
  }
  options.keys = *book;
  server::TextHooks text;
  text.find_model = [&](std::string const&) { return core::Result<std::shared_ptr<language::Model>>(engines.model); };
  text.metrics = std::make_shared<server::TextMetrics>("cardboard");
  text.more_metrics = [&] { return (*book)->metrics(); };
  server::add_text_routes(options.routes, std::move(text));
  app::KnowledgeRoom knowledge(
      []() -> core::Result<std::shared_ptr<language::Embedder>> { return std::make_shared<knowledge::WordEmbedder>(); });
  app::add_knowledge_routes(options.routes, [&]() -> app::KnowledgeRoom& { return knowledge; });
  app::add_page(options.routes);
  app::add_role_routes(options.routes, roles, config.role);
  app::add_voice_routes(options.routes,
                        [&]() -> core::Result<std::vector<speech::VoiceInfo>> { return engines.synthesiser->voices(); });
  server::Hooks hooks;
  hooks.open_call = [&](server::CallRequest const& request,
                        conversation::Call::Listener listener) -> core::Result<server::OpenedCall> {
    auto role = roles.load(request.role.empty() ? config.role : request.role);
    if (!role) return std::unexpected(role.error());
    server::OpenedCall opened;
    opened.settings = app::settings_of(*role, config);
    opened.role = role->id;
    for (auto const& voice : engines.synthesiser->voices()) opened.voices[voice.name] = voice.languages.front();
    auto own = engines;
    if (!role->knowledge.empty()) {
      app::Grounding grounding{role->knowledge,
                               guard::on_unsupported_named(role->grounding).value_or(guard::OnUnsupported::flag)};
      own.model = std::make_shared<app::GroundedModel>(engines.model, knowledge, std::move(grounding));
    }
    auto call = conversation::Call::open(request.executor, own, opened.settings, std::move(listener));
    if (!call) return std::unexpected(call.error());
    opened.call = *std::move(call);
    return opened;
  };
  auto server = server::Server::start(std::move(options), std::move(hooks));
  if (!server) {
    std::cerr << core::describe(server.error()) << std::endl;
    return 1;
  }
  (*server)->set_ready(true);
  std::cout << "listening on http://127.0.0.1:" << (*server)->port() << std::endl;

  std::jthread engine([&] { io.run(); });
  std::mutex mutex;
  std::condition_variable_any asked;
  {
    std::unique_lock lock(mutex);
    asked.wait(lock, interrupt.token(), [] { return false; });
  }
  (*server)->stop(std::chrono::seconds(drain_s));
  io.stop();
  return 0;
}
