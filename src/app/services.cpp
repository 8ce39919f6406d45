#include "app/services.hpp"

#include <algorithm>
#include <array>

#include "cloud/net/network.hpp"
#include "cloud/openai/chat_model.hpp"
#include "cloud/resilience/failover_model.hpp"
#include "cloud/resilience/failover_recogniser.hpp"
#include "cloud/resilience/failover_synthesiser.hpp"
#include "cloud/volcengine/recogniser.hpp"
#include "cloud/volcengine/synthesiser.hpp"

namespace parley::app {
namespace {

using core::Result;
using std::chrono::milliseconds;

Result<cloud::Secret> secret(std::string const& from, std::string const& service) {
  if (from.empty()) return cloud::Secret();
  auto key = cloud::load_secret(from);
  if (!key) key.error().message += " (service '" + service + "')";
  return key;
}

Result<cloud::volcengine::Account> account_of(ServiceConfig const& service, std::string const& name) {
  auto key = secret(service.key_from, name);
  if (!key) return std::unexpected(key.error());
  auto token = secret(service.token_from, name);
  if (!token) return std::unexpected(token.error());
  if (key->empty() == token->empty()) {
    return core::fail(core::Code::invalid,
                      "the service needs either key_from (the new console's API key) or app_id with token_from (the old one), "
                      "and not both",
                      name);
  }
  return cloud::volcengine::Account{service.app_id, *std::move(token), *std::move(key)};
}

std::string own(std::string const& voice, std::string const& service) {
  return voice.starts_with(service + ":") ? voice : service + ":" + voice;
}

}  // namespace

Services::Services(ServicesConfig config) : config_(std::move(config)) {}
Services::~Services() = default;

Result<std::unique_ptr<Services>> Services::open(ServicesConfig const& config) {
  std::unique_ptr<Services> services(new Services(config));
  std::vector<std::string> used;
  for (auto const* list : {&config.use.recogniser, &config.use.model, &config.use.synthesiser}) {
    used.insert(used.end(), list->begin(), list->end());
  }
  std::erase(used, "local");
  if (used.empty()) return services;
  auto network = cloud::net::Network::start(1, config.authorities);
  if (!network) return std::unexpected(network.error());
  services->network_ = *std::move(network);
  for (auto const& [name, service] : config.services) {
    if (std::ranges::find(used, name) == used.end()) continue;
    if (auto made = services->make(name, service); !made) return std::unexpected(made.error());
  }
  return services;
}

Result<void> Services::make(std::string const& name, ServiceConfig const& service) {
  auto const address = cloud::net::parse_address(service.url);
  if (!address) {
    auto error = address.error();
    error.message += " (service '" + name + "')";
    return std::unexpected(std::move(error));
  }
  if (service.kind == "chat") {
    cloud::openai::ChatModel::Options options;
    options.service = name;
    options.address = *address;
    auto key = secret(service.key_from, name);
    if (!key) return std::unexpected(key.error());
    options.key = *std::move(key);
    options.chat.model = service.model;
    options.chat.thinking = service.thinking;
    options.chat.send_stop = service.thinking.empty();
    options.patience.first_byte = milliseconds(service.first_ms);
    options.patience.between = milliseconds(service.between_ms);
    models_[name] = std::make_shared<cloud::openai::ChatModel>(*network_, std::move(options));
    return {};
  }
  auto account = account_of(service, name);
  if (!account) return std::unexpected(account.error());
  if (service.kind == "volcengine-recognition") {
    cloud::volcengine::Recogniser::Options options;
    options.service = name;
    options.address = *address;
    options.account = *std::move(account);
    if (!service.resource.empty()) options.resource = service.resource;
    options.boosting_table = service.boosting_table;
    options.gzip = service.gzip;
    options.final_within = milliseconds(service.first_ms);
    recognisers_[name] = std::make_shared<cloud::volcengine::Recogniser>(*network_, std::move(options));
    return {};
  }
  cloud::volcengine::Synthesiser::Options options;
  options.service = name;
  options.address = *address;
  options.account = *std::move(account);
  options.resource = service.resource;
  options.model = service.model;
  options.style = service.style;
  options.pitch = service.pitch;
  options.loudness = service.loudness;
  options.connections = service.connections;
  options.first_sound_within = milliseconds(service.first_ms);
  options.between = milliseconds(service.between_ms);
  for (auto const& [language, voice] : service.voices) options.voices.push_back({own(voice, name), {language}, "Volcengine"});
  auto synthesiser = std::make_shared<cloud::volcengine::Synthesiser>(*network_, std::move(options));
  for (auto const& [language, voice] : service.voices) {
    if (auto known = synthesiser->check(own(voice, name)); !known) return known;
    synthesiser->warm(own(voice, name));
  }
  synthesisers_[name] = std::move(synthesiser);
  return {};
}

namespace {

/// The entries of a list, "local" being what is near.
template <class T>
std::vector<typename cloud::Providers<T>::Entry> entries(std::vector<std::string> const& list,
                                                         std::map<std::string, std::shared_ptr<T>> const& far,
                                                         std::shared_ptr<T> const& near) {
  std::vector<typename cloud::Providers<T>::Entry> out;
  for (auto const& name : list) {
    if (name == "local") {
      out.push_back({name, near});
    } else {
      out.push_back({name, far.at(name)});
    }
  }
  return out;
}

}  // namespace

std::shared_ptr<speech::Recogniser const> Services::recogniser(std::shared_ptr<speech::Recogniser const> local) const {
  if (config_.use.recogniser.empty()) return local;
  return std::make_shared<cloud::FailoverRecogniser>(entries(config_.use.recogniser, recognisers_, local));
}

std::shared_ptr<language::Model> Services::model(std::shared_ptr<language::Model> local) const {
  if (config_.use.model.empty()) return local;
  return std::make_shared<cloud::FailoverModel>(entries(config_.use.model, models_, local));
}

std::shared_ptr<speech::Synthesiser const> Services::synthesiser(std::shared_ptr<speech::Synthesiser const> local,
                                                                 std::map<std::string, std::string> const& house_voices) const {
  if (config_.use.synthesiser.empty()) return local;
  std::vector<cloud::FailoverSynthesiser::Speaker> speakers;
  for (auto const& name : config_.use.synthesiser) {
    if (name == "local") {
      speakers.push_back({name, local, true, {}, {}});
      for (auto const& [language, voice] : house_voices) {
        if (local->check(voice)) speakers.back().voices[language] = voice;
      }
      continue;
    }
    auto const& service = config_.services.at(name);
    cloud::FailoverSynthesiser::Speaker speaker{name, synthesisers_.at(name), false, {}, {}};
    for (auto const& [language, voice] : service.voices) speaker.voices[language] = own(voice, name);
    for (auto const& [foreign, voice] : service.instead) speaker.instead[foreign] = own(voice, name);
    speakers.push_back(std::move(speaker));
  }
  return std::make_shared<cloud::FailoverSynthesiser>(std::move(speakers));
}

namespace {

template <class T>
std::shared_ptr<T> named(std::map<std::string, std::shared_ptr<T>> const& all, std::string const& name) {
  auto const at = all.find(name);
  return at == all.end() ? nullptr : at->second;
}

}  // namespace

std::shared_ptr<speech::Recogniser const> Services::recogniser_named(std::string const& name) const {
  return named(recognisers_, name);
}
std::shared_ptr<language::Model> Services::model_named(std::string const& name) const { return named(models_, name); }
std::shared_ptr<speech::Synthesiser const> Services::synthesiser_named(std::string const& name) const {
  return named(synthesisers_, name);
}

}  // namespace parley::app
