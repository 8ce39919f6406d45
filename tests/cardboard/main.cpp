// `parley serve` with engines of cardboard: everything from the socket to the conversation is the real thing.
//
//   cardboard_serve [--port N] [--key K] [--keys FILE] [--roles FOLDER] [--calls N] [--log LEVEL]
//
// Prints "listening on http://127.0.0.1:PORT"; ends on SIGTERM.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <iostream>
#include <thread>

#include "app/config.hpp"
#include "app/page_routes.hpp"
#include "app/settings.hpp"
#include "cardboard/engines.hpp"
#include "core/log.hpp"
#include "core/sha256.hpp"
#include "server/server.hpp"
#include "server/text/text_routes.hpp"

using namespace parley;

int main(int argc, char** argv) {
  CLI::App cli("parley serve with engines of cardboard");
  std::uint16_t port = 0;
  std::string key, roles_folder = (app::share_folder() / "roles").string();
  std::string keys_file, log = "warn";
  int calls = 64;
  cli.add_option("--port", port);
  cli.add_option("--key", key);
  cli.add_option("--keys", keys_file);
  cli.add_option("--log", log);
  cli.add_option("--roles", roles_folder);
  cli.add_option("--calls", calls);
  CLI11_PARSE(cli, argc, argv);

  core::start_log(log);
  boost::asio::io_context io;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
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
  server::add_text_routes(options.routes,
                          {[&](std::string const&) { return core::Result<std::shared_ptr<language::Model>>(engines.model); },
                           std::make_shared<server::TextMetrics>("cardboard"), nullptr, [&] { return (*book)->metrics(); }});
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
    auto call = conversation::Call::open(request.executor, engines, opened.settings, std::move(listener));
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

  signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
  std::jthread second([&] { io.run(); });
  io.run();
  second.join();
  (*server)->stop(std::chrono::milliseconds(200));
  return 0;
}
