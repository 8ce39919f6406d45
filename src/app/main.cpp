// The command line. Each command is a function in its own file; here are only the words and their options.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "app/bench_command.hpp"
#include "app/call_command.hpp"
#include "app/config.hpp"
#include "app/doctor_command.hpp"
#include "app/guard_command.hpp"
#include "app/keys_command.hpp"
#include "app/knowledge_command.hpp"
#include "app/models_command.hpp"
#include "app/plan_command.hpp"
#include "app/serve_command.hpp"
#include "app/simulate_command.hpp"
#include "app/speak_command.hpp"
#include "core/heap.hpp"
#include "core/log.hpp"

namespace {

using namespace parley;

/// The configuration file: the one named, else the one shipped.
core::Result<app::Config> configuration(std::string const& file) {
  return app::load_config(file.empty() ? app::share_folder() / "config" / "parley.yaml" : std::filesystem::path(file));
}

/// Runs `command` with the configuration; its mistakes end here.
template <class Command>
int with_configuration(std::string const& file, Command command) {
  auto config = configuration(file);
  if (!config) {
    std::cerr << "parley: " << core::describe(config.error()) << std::endl;
    return 1;
  }
  core::start_log(config->log);
  return command(*config);
}

}  // namespace

int main(int argc, char** argv) {
  core::give_large_blocks_back();
  CLI::App cli("Parley: spoken conversations on your own machine. 在自己的机器上进行语音对话。");
  cli.require_subcommand(1);
  cli.set_version_flag("--version", "parley " PARLEY_VERSION);
  std::string config_file;
  int status = 0;

  auto* call = cli.add_subcommand("call", "hold a conversation: recordings in, or microphone and speaker");
  app::CallOptions call_options;
  std::string out;
  bool no_greeting = false;
  call->add_option("recordings", call_options.recordings, "what is said, one file a turn (WAV, FLAC, Ogg, MP3)");
  call->add_option("--role", call_options.role, "who answers: a file of roles/ without .yaml");
  call->add_option("--out", out, "write the answers' sound as a WAV file");
  std::string record, replay;
  call->add_option("--record", record, "write the whole call, sound and words, to this file");
  call->add_option("--replay", replay, "live through such a file again, without models, and say whether all goes as it went");
  call->add_flag("--json", call_options.json, "one JSON object a line instead of text");
  call->add_flag("--no-greeting", no_greeting, "do not let the role speak first");
  call->add_option("--config", config_file, "configuration file");
  call->callback([&] {
    status = with_configuration(config_file, [&](app::Config const& config) {
      if (!out.empty()) call_options.out = out;
      if (!record.empty()) call_options.record = record;
      if (!replay.empty()) call_options.replay = replay;
      call_options.greet = !no_greeting;
      return app::call_command(call_options, config);
    });
  });

  auto* serve = cli.add_subcommand("serve", "answer calls at /v1/realtime");
  std::string host;
  int port = -1;
  serve->add_option("--host", host, "address to listen on (default 127.0.0.1)");
  serve->add_option("--port", port, "port to listen on (default 8080; 0: any free one)")->check(CLI::Range(0, 65535));
  bool text_only = false;
  serve->add_flag("--text-only", text_only, "no calls: nothing of speech is loaded");
  std::string certificate, private_key;
  auto* const certificate_option = serve->add_option("--certificate", certificate, "PEM file: answer on https instead of http");
  auto* const key_option = serve->add_option("--private-key", private_key, "PEM file: the certificate's key");
  certificate_option->needs(key_option);
  key_option->needs(certificate_option);
  bool beta_protocol = false;
  serve->add_flag("--beta-protocol", beta_protocol, "also speak the Realtime protocol of before its general availability");
  serve->add_option("--config", config_file, "configuration file");
  serve->callback([&] {
    status = with_configuration(config_file, [&](app::Config config) {
      if (!host.empty()) config.host = host;
      if (port >= 0) config.port = static_cast<std::uint16_t>(port);
      config.certificate = certificate;
      config.private_key = private_key;
      config.beta_protocol = beta_protocol;
      return app::serve_command(config, text_only);
    });
  });

  auto* speak = cli.add_subcommand("speak", "turn text into a recording");
  app::SpeakOptions speak_options;
  speak->add_option("text", speak_options.texts, "what to say; without it, the lines of standard input");
  speak->add_option("--voice", speak_options.voice,
                    "kokoro:zf_xiaoxiao, a mix kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4, piper:en_US-joe-medium");
  speak->add_option("--speed", speak_options.speed, "1 is the voice's own")->check(CLI::Range(0.25F, 4.0F));
  speak->add_option("--out", speak_options.out, "a .wav file, or a folder for several texts");
  speak->add_flag("--list", speak_options.list, "print all voices");
  speak->add_option("--config", config_file, "configuration file");
  speak->callback([&] {
    status = with_configuration(config_file, [&](auto const& config) { return app::speak_command(speak_options, config); });
  });

  auto* transcribe = cli.add_subcommand("transcribe", "turn recordings into text");
  app::TranscribeOptions transcribe_options;
  transcribe->add_option("recordings", transcribe_options.recordings, "WAV, FLAC, Ogg or MP3 files")->required();
  transcribe->add_option("--language", transcribe_options.language, "zh or en; without it, it is detected");
  transcribe->add_flag("--json", transcribe_options.json, "one JSON object a line");
  transcribe->add_option("--config", config_file, "configuration file");
  transcribe->callback([&] {
    status = with_configuration(config_file,
                                [&](auto const& config) { return app::transcribe_command(transcribe_options, config); });
  });

  app::add_keys_command(cli, status);
  app::add_models_command(cli, status);
  app::add_plan_command(cli, status);
  app::add_bench_command(cli, status);
  app::add_simulate_command(cli, status);
  app::add_doctor_command(cli, status);
  app::add_guard_command(cli, status);
  app::add_knowledge_command(cli, status);

  try {
    cli.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return cli.exit(error);
  } catch (std::exception const& error) {
    std::cerr << "parley: this should not have happened: " << error.what() << std::endl;
    return 1;
  }
  return status;
}
