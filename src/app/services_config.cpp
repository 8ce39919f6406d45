#include "app/services_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>

#include "core/suggest.hpp"

namespace parley::app {
namespace {

using Readers = std::map<std::string, std::function<void(YAML::Node const&)>>;

[[noreturn]] void complain(YAML::Node const& node, std::string sentence) {
  throw ConfigMistake{node.Mark().line + 1, std::move(sentence)};
}

void each_key(YAML::Node const& map, std::string const& where, Readers const& readers) {
  if (!map.IsMap()) complain(map, where + " must hold keys and values");
  std::vector<std::string> known;
  for (auto const& [name, reader] : readers) known.push_back(name);
  for (auto const& entry : map) {
    auto const key = entry.first.as<std::string>();
    auto const reader = readers.find(key);
    if (reader == readers.end()) {
      auto const near = core::suggest(key, known);
      complain(entry.first, fmt::format("{} has no key '{}'; {}", where, key,
                                        near.empty() ? fmt::format("it may have {}", fmt::join(known, ", "))
                                                     : fmt::format("did you mean '{}'?", near)));
    }
    reader->second(entry.second);
  }
}

auto text(std::string& out) {
  return [&out](YAML::Node const& node) {
    if (!node.IsScalar()) complain(node, "this must be a text");
    out = node.as<std::string>();
  };
}

auto number(int& out, int low, int high) {
  return [&out, low, high](YAML::Node const& node) {
    if (!YAML::convert<int>::decode(node, out) || out < low || out > high) {
      complain(node, fmt::format("this must be a whole number from {} to {}", low, high));
    }
  };
}

auto truth(bool& out) {
  return [&out](YAML::Node const& node) {
    if (!YAML::convert<bool>::decode(node, out)) complain(node, "this must be true or false");
  };
}

auto texts(std::map<std::string, std::string>& out) {
  return [&out](YAML::Node const& node) {
    if (!node.IsMap()) complain(node, "this must hold keys and values");
    for (auto const& entry : node) {
      if (!entry.second.IsScalar()) complain(entry.second, "this must be a text");
      out[entry.first.as<std::string>()] = entry.second.as<std::string>();
    }
  };
}

/// A name of an environment variable, or file:…; never what looks like the key itself.
auto secret_name(std::string& out) {
  return [&out](YAML::Node const& node) {
    if (!node.IsScalar()) complain(node, "this must be a text");
    out = node.as<std::string>();
    bool const variable = !out.empty() && std::ranges::all_of(out, [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!variable && !out.starts_with("file:")) {
      complain(node, "this names an environment variable in capitals, or file:/path; the key itself does not belong here");
    }
  };
}

ServiceConfig read_service(YAML::Node const& node, std::string const& name) {
  ServiceConfig service;
  each_key(node, fmt::format("the service '{}'", name),
           {{"kind", text(service.kind)},
            {"url", text(service.url)},
            {"key_from", secret_name(service.key_from)},
            {"app_id", text(service.app_id)},
            {"token_from", secret_name(service.token_from)},
            {"app_key", text(service.app_key)},
            {"model", text(service.model)},
            {"thinking", text(service.thinking)},
            {"resource", text(service.resource)},
            {"style", text(service.style)},
            {"boosting_table", text(service.boosting_table)},
            {"pitch", number(service.pitch, -12, 12)},
            {"loudness", number(service.loudness, -50, 100)},
            {"connections", number(service.connections, 1, 10000)},
            {"dimensions", number(service.dimensions, 1, 65536)},
            {"gzip", truth(service.gzip)},
            {"first_ms", number(service.first_ms, 100, 600000)},
            {"between_ms", number(service.between_ms, 100, 600000)},
            {"voices", texts(service.voices)},
            {"instead", texts(service.instead)}});
  static std::vector<std::string> const kinds{"chat",
                                              "embeddings",
                                              "openai-speech",
                                              "openai-transcription",
                                              "volcengine-recognition",
                                              "volcengine-synthesis",
                                              "volcengine-dialogue"};
  if (std::ranges::find(kinds, service.kind) == kinds.end()) {
    complain(node, fmt::format("the service '{}' needs a kind: {}", name, fmt::join(kinds, ", ")));
  }
  if (service.url.empty()) complain(node, fmt::format("the service '{}' needs a url", name));
  if (!service.kind.starts_with("volcengine") && service.model.empty()) {
    complain(node, fmt::format("the service '{}' needs a model: an id, or an endpoint ep-…", name));
  }
  if (service.kind == "embeddings" && service.dimensions == 0) {
    complain(node, fmt::format("the service '{}' needs dimensions: how many numbers a vector of its model has", name));
  }
  return service;
}

auto names(std::vector<std::string>& out) {
  return [&out](YAML::Node const& node) {
    if (node.IsScalar()) {
      out = {node.as<std::string>()};
      return;
    }
    if (!node.IsSequence() || node.size() == 0) complain(node, "this must be the name of a service, or a list of them");
    for (auto const& each : node) {
      if (!each.IsScalar()) complain(each, "this must be the name of a service");
      out.push_back(each.as<std::string>());
    }
  };
}

void check_use(YAML::Node const& node, std::vector<std::string> const& list, ServicesConfig const& config,
               std::vector<std::string> const& kinds) {
  for (auto const& name : list) {
    if (name == "local") continue;
    auto const service = config.services.find(name);
    if (service == config.services.end()) complain(node, fmt::format("there is no service '{}' under 'services'", name));
    if (std::ranges::find(kinds, service->second.kind) == kinds.end()) {
      complain(node, fmt::format("the service '{}' is a {}, and here a {} is needed", name, service->second.kind,
                                 fmt::join(kinds, " or ")));
    }
  }
}

}  // namespace

bool ServicesConfig::local(std::vector<std::string> const& list) {
  return list.empty() || std::ranges::find(list, "local") != list.end();
}

bool ServicesConfig::whole_call(std::string const& service) const {
  auto const at = services.find(service);
  return at != services.end() && at->second.kind == "volcengine-dialogue";
}

core::Result<std::string> ServicesConfig::whole_call_of(std::vector<std::string> const& recogniser,
                                                        std::vector<std::string> const& model,
                                                        std::vector<std::string> const& synthesiser) const {
  std::string found;
  for (auto const* list : {&recogniser, &model, &synthesiser}) {
    for (auto const& name : *list) {
      if (found.empty() && whole_call(name)) found = name;
    }
  }
  if (found.empty()) return found;
  for (auto const* list : {&recogniser, &model, &synthesiser}) {
    bool const leads =
        list->size() > 1 && list->front() == found &&
        std::ranges::none_of(list->begin() + 1, list->end(), [this](auto const& name) { return whole_call(name); });
    if (leads) continue;
    return core::fail(core::Code::invalid,
                      fmt::format("'{0}' hears, thinks and speaks in one session: it comes first under recogniser, model and "
                                  "synthesiser alike, each with another behind it, as in [{0}, local]",
                                  found),
                      "use");
  }
  return found;
}

ServicesConfig read_services(YAML::Node const& root) {
  ServicesConfig config;
  if (auto const services = root["services"]) {
    if (!services.IsMap()) complain(services, "'services' must hold names and their settings");
    for (auto const& entry : services) {
      auto const name = entry.first.as<std::string>();
      if (name == "local" || name.find(':') != std::string::npos) {
        complain(entry.first, "a service is not called 'local' and its name holds no colon");
      }
      config.services[name] = read_service(entry.second, name);
    }
  }
  if (auto const use = root["use"]) {
    each_key(use, "'use'",
             {{"recogniser", names(config.use.recogniser)},
              {"model", names(config.use.model)},
              {"synthesiser", names(config.use.synthesiser)},
              {"embedder", text(config.use.embedder)},
              {"hedge", truth(config.use.hedge)},
              {"authorities", text(config.authorities)}});
    check_use(use, config.use.recogniser, config, {"volcengine-recognition", "openai-transcription", "volcengine-dialogue"});
    check_use(use, config.use.model, config, {"chat", "volcengine-dialogue"});
    check_use(use, config.use.synthesiser, config, {"volcengine-synthesis", "openai-speech", "volcengine-dialogue"});
    auto const whole = config.whole_call_of(config.use.recogniser, config.use.model, config.use.synthesiser);
    if (!whole) complain(use, whole.error().message);
    if (!config.use.embedder.empty()) check_use(use, {config.use.embedder}, config, {"embeddings"});
  }
  return config;
}

}  // namespace parley::app
