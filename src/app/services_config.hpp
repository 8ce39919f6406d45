#pragma once
// The services of a configuration: what is far away, and which of what is far and near is used. Secrets are only ever named.
#include <map>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace YAML {
class Node;
}

namespace parley::app {

struct ServiceConfig {
  /// "chat", "embeddings", "openai-speech", "openai-transcription", "volcengine-recognition", "volcengine-synthesis",
  /// "volcengine-dialogue"
  std::string kind;
  std::string url;
  std::string key_from;    ///< an environment variable, or "file:/path"; empty: no key
  std::string app_id;      ///< Volcengine's old console, together with…
  std::string token_from;  ///< …the access token, named like key_from
  std::string app_key;     ///< dialogue, with the old console: the fixed value that the vendor's document prints
  std::string model;       ///< chat: an id or ep-…; synthesis: "seed-tts-1.1" and the like
  std::string thinking;    ///< chat: disabled, enabled, auto; empty: not sent
  std::string resource;
  std::string style;
  std::string boosting_table;
  int pitch = 0, loudness = 0, connections = 10;
  int dimensions = 0;  ///< embeddings: of the model's vectors
  bool gzip = false;
  int first_ms = 4000, between_ms = 5000;      ///< patience
  std::map<std::string, std::string> voices;   ///< language → voice of this service
  std::map<std::string, std::string> instead;  ///< a voice of another house → one of this service
};

/// Names of services, best first; "local" are the models of this machine. Empty: local alone.
struct UseConfig {
  std::vector<std::string> recogniser, model, synthesiser;
  std::string embedder;  ///< of knowledge bases; empty: the machine's own
  bool hedge = false;    ///< the second model is asked as well when the first is late
};

struct ServicesConfig {
  std::map<std::string, ServiceConfig> services;
  UseConfig use;
  std::string authorities;  ///< a PEM file of certificates that are trusted besides the system's

  [[nodiscard]] static bool local(std::vector<std::string> const& list);
  /// A service that hears, thinks and speaks in one session.
  [[nodiscard]] bool whole_call(std::string const& service) const;
  /// The one that leads these lists; empty: none does. Where one stands anywhere it has to lead all three, with somebody behind
  /// it: who steps in when it fails, and who does what is no call.
  [[nodiscard]] core::Result<std::string> whole_call_of(std::vector<std::string> const& recogniser,
                                                        std::vector<std::string> const& model,
                                                        std::vector<std::string> const& synthesiser) const;
};

/// What stands where in the file, and why it cannot.
struct ConfigMistake {
  int line = 0;
  std::string sentence;
};

/// Reads `services:` and `use:` of the document; throws ConfigMistake.
[[nodiscard]] ServicesConfig read_services(YAML::Node const& root);

}  // namespace parley::app
