#pragma once
// config/parley.yaml as a value. Every key may be left out; an unknown one is a mistake that is named with its line.
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "app/routing_config.hpp"
#include "app/services_config.hpp"
#include "core/result.hpp"

namespace parley::app {

/// A LoRA of the language model; serves as a model of its own, by its name.
struct AdapterConfig {
  std::string name;
  std::filesystem::path file;  ///< GGUF
  double scale = 1;
};

struct Config {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string keys_from = "PARLEY_KEYS";     ///< name of an environment variable
  std::string keys_file;                     ///< of `parley keys`; empty: keys.json in $PARLEY_HOME
  double input_price = 0, output_price = 0;  ///< money for a million tokens, for budgets of keys
  bool beta_protocol = false;                ///< given on the command line
  std::string certificate, private_key;      ///< PEM files for TLS, given on the command line; empty: plain HTTP
  int calls = 8;
  int drain_s = 30;  ///< after SIGTERM calls are given so long to end in peace
  std::string role = "xiaohe";
  std::map<std::string, std::string> voices{{"zh", "kokoro:zf_xiaoxiao"}, {"en", "piper:en_US-joe-medium"}};
  std::string llm = "qwen2.5-coder-0.5b-instruct";
  std::vector<std::string> more_models;  ///< further language models: ids of the catalog, or GGUF files
  bool lookup = true;                    ///< engine::LlamaOptions::lookup
  std::vector<AdapterConfig> adapters;
  std::string asr = "whisper-base";
  std::string voice_activity = "silero-vad";
  std::string end_of_turn = "smart-turn-v3.2";
  std::string guard = "guard.yaml";          ///< policy, beside the shipped configuration unless absolute; "off": no gate
  std::string prices = "prices.yaml";        ///< of services, beside the shipped configuration unless absolute
  double longest_wait_s = 20, slowdown = 0;  ///< of text, as server::AdmissionLimits
  std::string log = "warn";
  ServicesConfig services;  ///< what is far away, and what is used of it
  RoutingConfig routing;    ///< which language model answers what
};

[[nodiscard]] core::Result<Config> parse_config(std::string const& yaml, std::string const& file);
[[nodiscard]] core::Result<Config> load_config(std::filesystem::path const& path);

/// The keys in the named environment variable; empty when it is not set.
[[nodiscard]] std::vector<std::string> keys_of(Config const& config);

/// The file of `parley keys`.
[[nodiscard]] std::filesystem::path keys_file_of(Config const& config);

/// Where roles, configuration, catalog and converters are: $PARLEY_SHARE, else the source tree.
[[nodiscard]] std::filesystem::path share_folder();

}  // namespace parley::app
