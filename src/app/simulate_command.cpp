#include "app/simulate_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <memory>

#include "app/house.hpp"
#include "app/interrupt.hpp"
#include "app/simulated_cluster.hpp"
#include "cloud/volcengine/simulator/random_faults.hpp"
#include "cloud/volcengine/simulator/scripted_engines.hpp"
#include "cloud/volcengine/simulator/simulator.hpp"
#include "core/log.hpp"

namespace parley::app {
namespace {

using cloud::volcengine::SimulatorOptions;
using std::chrono::milliseconds;

struct Wish {
  std::string config_file, script, key_from, host = "127.0.0.1";
  int port = 8091, threads = 1, asr_final_ms = 0, first_token_ms = 0, first_sound_ms = 0, interim_lag_ms = 0;
  double faults = 0;
  std::uint32_t seed = 1;
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

core::Result<std::vector<std::string>> read_script(std::string const& file) {
  std::ifstream in(file);
  if (!in) return core::fail(core::Code::not_found, "the script cannot be read; it holds one utterance a line", file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(std::move(line));
  }
  if (lines.empty()) return core::fail(core::Code::invalid, "the script is empty; it holds one utterance a line", file);
  return lines;
}

/// The engines behind the protocols: those that know their lines, or the models of this machine.
core::Result<std::unique_ptr<House>> furnish(Wish const& wish, SimulatorOptions& options) {
  if (!wish.script.empty()) {
    auto lines = read_script(wish.script);
    if (!lines) return std::unexpected(lines.error());
    core::start_log("warn");
    options.recogniser = cloud::volcengine::scripted_recogniser(*lines, milliseconds(wish.interim_lag_ms));
    options.interim_every = milliseconds(20);  // behind every packet, as the service does
    options.model = cloud::volcengine::scripted_model();
    options.synthesiser = cloud::volcengine::scripted_synthesiser();
    return nullptr;
  }
  auto config = load_config(wish.config_file.empty() ? share_folder() / "config" / "parley.yaml"
                                                     : std::filesystem::path(wish.config_file));
  if (!config) return std::unexpected(config.error());
  core::start_log(config->log);
  auto const say = [](std::string const& what) { std::cerr << "\033[2m" << what << "\033[0m" << std::endl; };
  auto house = House::open(*config, {}, say);
  if (!house) return house;
  if (auto const warm = (*house)->warm(say); !warm) return std::unexpected(warm.error());
  auto const& engines = (*house)->engines();
  options.recogniser = engines.recogniser;
  options.model = engines.model;
  options.synthesiser = engines.synthesiser;
  options.zh_voice = config->voices.at("zh");
  options.en_voice = config->voices.at("en");
  options.interim_every = milliseconds(0);  // the machine is busy enough with the final ones
  return house;
}

int simulate(Wish const& wish) {
  SimulatorOptions options;
  options.host = wish.host;
  options.port = static_cast<std::uint16_t>(wish.port);
  options.threads = wish.threads;
  options.asr_final = milliseconds(wish.asr_final_ms);
  options.first_token = milliseconds(wish.first_token_ms);
  options.first_sound = milliseconds(wish.first_sound_ms);
  options.fault = cloud::volcengine::random_faults(wish.faults, wish.seed);
  if (!wish.key_from.empty()) {
    char const* key = std::getenv(wish.key_from.c_str());
    if (key == nullptr || *key == '\0') {
      return complain({core::Code::not_found, "the environment variable with the key is not set", wish.key_from, {}});
    }
    options.key = key;
  }
  auto house = furnish(wish, options);
  if (!house) return complain(house.error());
  auto simulator = cloud::volcengine::Simulator::start(std::move(options));
  if (!simulator) return complain(simulator.error());
  std::cout << fmt::format("simulating Volcengine on {}:{}", wish.host, (*simulator)->port()) << std::endl;

  boost::asio::io_context io;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([](boost::system::error_code, int) {});
  io.run();
  auto const counts = (*simulator)->counts();
  std::cout << fmt::format("connections {}, recognitions {}, syntheses {}, chats {}, dialogue turns {}, faults {}",
                           counts.connections, counts.recognitions, counts.syntheses, counts.chats, counts.dialogue_turns,
                           counts.faults)
            << std::endl;
  simulator->reset();  // before the engines that it uses
  return 0;
}

int simulate_cluster(ClusterOptions const& options) {
  core::start_log("warn");
  Interrupt interrupt;
  auto const cluster = SimulatedCluster::start(options);
  if (!cluster) return complain(cluster.error());
  std::cout << fmt::format("simulating an OpenAI-compatible cluster on http://{}:{}/v1", options.host, (*cluster)->port())
            << std::endl;
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait(lock, interrupt.token(), [] { return false; });
  return 0;
}

}  // namespace

void add_simulate_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("simulate", "be a cloud service on this machine, without an account");
  command->require_subcommand(1);
  auto* volcengine = command->add_subcommand(
      "volcengine", "recognition, synthesis, realtime dialogue, Ark chat and embeddings over Volcengine's protocols");
  auto const wish = std::make_shared<Wish>();
  volcengine->add_option("--host", wish->host, "a loopback address");
  volcengine->add_option("--port", wish->port, "default 8091; 0: any free one")->check(CLI::Range(0, 65535));
  volcengine->add_option("--threads", wish->threads, "of the server")->check(CLI::Range(1, 64));
  volcengine->add_option("--script", wish->script, "a file of utterances, one a line: no models are needed");
  volcengine
      ->add_option("--interim-lag-ms", wish->interim_lag_ms, "with a script: interim words come so long after they were said")
      ->check(CLI::Range(0, 60000));
  volcengine->add_option("--config", wish->config_file, "configuration of the models behind it");
  volcengine->add_option("--key-from", wish->key_from, "environment variable with the only key that is accepted");
  volcengine->add_option("--asr-final-ms", wish->asr_final_ms, "added before a final transcript")->check(CLI::Range(0, 60000));
  volcengine->add_option("--first-token-ms", wish->first_token_ms, "added before an answer")->check(CLI::Range(0, 60000));
  volcengine->add_option("--first-sound-ms", wish->first_sound_ms, "added before a clause")->check(CLI::Range(0, 60000));
  volcengine->add_option("--faults", wish->faults, "share of sessions in which something breaks")->check(CLI::Range(0.0, 1.0));
  volcengine->add_option("--seed", wish->seed, "of the faults");
  volcengine->callback([wish, &exit_code] { exit_code = simulate(*wish); });

  auto* openai = command->add_subcommand("openai", "chat completions at the pace of a cluster of cards, without a model");
  auto const cluster = std::make_shared<ClusterOptions>();
  openai->add_option("--host", cluster->host, "a loopback address");
  openai->add_option("--port", cluster->port, "default: any free one");
  openai->add_option("--model", cluster->model, "what it calls itself");
  openai->add_option("--first-token-ms", cluster->first_token_ms, "default 120")->check(CLI::Range(0.0, 600000.0));
  openai->add_option("--tokens-per-second", cluster->tokens_per_second, "of each answer, default 160; 0: all at once")
      ->check(CLI::Range(0.0, 100000.0));
  openai->add_option("--jitter", cluster->jitter, "share by which both vary, default 0.1")->check(CLI::Range(0.0, 1.0));
  openai->add_option("--slots", cluster->slots, "answers at once, default 256; more wait")->check(CLI::Range(1, 100000));
  openai->add_option("--answer-tokens", cluster->answer_tokens, "default 200")->check(CLI::Range(1, 100000));
  openai->add_option("--seed", cluster->seed, "of the jitter");
  openai->callback([cluster, &exit_code] { exit_code = simulate_cluster(*cluster); });
}

}  // namespace parley::app
