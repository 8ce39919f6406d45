#include "app/service_makers.hpp"

#include "cloud/net/network.hpp"
#include "cloud/openai/chat_model.hpp"
#include "cloud/openai/embedder.hpp"
#include "cloud/openai/speech.hpp"
#include "cloud/openai/transcription.hpp"
#include "cloud/volcengine/dialect.hpp"
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

Result<cloud::net::Address> address_of(ServiceConfig const& service, std::string const& name) {
  auto address = cloud::net::parse_address(service.url);
  if (!address) address.error().message += " (service '" + name + "')";
  return address;
}

/// What every OpenAI-compatible client has in common.
template <class Client>
Result<typename Client::Options> options_of(ServiceConfig const& service, std::string const& name) {
  auto address = address_of(service, name);
  if (!address) return std::unexpected(address.error());
  auto key = secret(service.key_from, name);
  if (!key) return std::unexpected(key.error());
  typename Client::Options options;
  options.service = name;
  options.address = *std::move(address);
  options.key = *std::move(key);
  options.patience.first_byte = milliseconds(service.first_ms);
  options.patience.between = milliseconds(service.between_ms);
  return options;
}

std::vector<speech::VoiceInfo> voices_of(ServiceConfig const& service, std::string const& name, char const* maker) {
  std::vector<speech::VoiceInfo> voices;
  for (auto const& [language, voice] : service.voices) voices.push_back({own_voice(voice, name), {language}, maker});
  return voices;
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

}  // namespace

std::string own_voice(std::string const& voice, std::string const& service) {
  return voice.starts_with(service + ":") ? voice : service + ":" + voice;
}

Made<language::Model> make_chat(Network& network, std::string const& name, ServiceConfig const& service) {
  auto options = options_of<cloud::openai::ChatModel>(service, name);
  if (!options) return std::unexpected(options.error());
  options->chat.model = service.model;
  options->chat.thinking = service.thinking;
  options->chat.send_stop = service.thinking.empty();
  return std::make_shared<cloud::openai::ChatModel>(network, *std::move(options));
}

Made<language::Embedder> make_embedder(Network& network, std::string const& name, ServiceConfig const& service) {
  auto options = options_of<cloud::openai::Embedder>(service, name);
  if (!options) return std::unexpected(options.error());
  options->model = service.model;
  options->dimensions = service.dimensions;
  return std::make_shared<cloud::openai::Embedder>(network, *std::move(options));
}

Made<speech::Recogniser const> make_transcription(Network& network, std::string const& name, ServiceConfig const& service) {
  auto options = options_of<cloud::openai::Transcription>(service, name);
  if (!options) return std::unexpected(options.error());
  options->model = service.model;
  return std::make_shared<cloud::openai::Transcription>(network, *std::move(options));
}

Made<speech::Synthesiser const> make_speech(Network& network, std::string const& name, ServiceConfig const& service) {
  auto options = options_of<cloud::openai::Speech>(service, name);
  if (!options) return std::unexpected(options.error());
  options->model = service.model;
  options->style = service.style;
  options->voices = voices_of(service, name, service.model.c_str());
  return std::make_shared<cloud::openai::Speech>(network, *std::move(options));
}

Made<speech::Recogniser const> make_volcengine_recogniser(Network& network, std::string const& name,
                                                          ServiceConfig const& service) {
  auto address = address_of(service, name);
  if (!address) return std::unexpected(address.error());
  auto account = account_of(service, name);
  if (!account) return std::unexpected(account.error());
  cloud::volcengine::Recogniser::Options options;
  options.service = name;
  options.address = *std::move(address);
  options.account = *std::move(account);
  if (!service.resource.empty()) options.resource = service.resource;
  options.boosting_table = service.boosting_table;
  options.gzip = service.gzip;
  options.final_within = milliseconds(service.first_ms);
  return std::make_shared<cloud::volcengine::Recogniser>(network, std::move(options));
}

Made<speech::Synthesiser const> make_volcengine_synthesiser(Network& network, std::string const& name,
                                                            ServiceConfig const& service) {
  auto address = address_of(service, name);
  if (!address) return std::unexpected(address.error());
  auto account = account_of(service, name);
  if (!account) return std::unexpected(account.error());
  bool const v1 = cloud::volcengine::dialect_of(address->path) == cloud::volcengine::Dialect::v1;
  if (v1 && (account->app_id.empty() || account->access_token.empty())) {
    return core::fail(core::Code::invalid, "the first version of synthesis needs app_id with token_from", name);
  }
  cloud::volcengine::Synthesiser::Options options;
  options.service = name;
  options.address = *std::move(address);
  options.account = *std::move(account);
  options.resource = service.resource;
  options.model = service.model;
  options.style = service.style;
  options.pitch = service.pitch;
  options.loudness = service.loudness;
  options.connections = service.connections;
  options.first_sound_within = milliseconds(service.first_ms);
  options.between = milliseconds(service.between_ms);
  options.voices = voices_of(service, name, "Volcengine");
  auto synthesiser = std::make_shared<cloud::volcengine::Synthesiser>(network, std::move(options));
  for (auto const& [language, voice] : service.voices) {
    if (auto known = synthesiser->check(own_voice(voice, name)); !known) return std::unexpected(known.error());
    synthesiser->warm(own_voice(voice, name));
  }
  return synthesiser;
}

Result<cloud::volcengine::dialogue::Options> volcengine_dialogue(std::string const& name, ServiceConfig const& service) {
  auto address = address_of(service, name);
  if (!address) return std::unexpected(address.error());
  auto account = account_of(service, name);
  if (!account) return std::unexpected(account.error());
  if (!account->access_token.empty() && service.app_key.empty()) {
    return core::fail(
        core::Code::invalid,
        "with the old console's app_id and token_from the dialogue needs app_key as well: the fixed value that the "
        "vendor's document 6561/1594356 prints",
        name);
  }
  cloud::volcengine::dialogue::Options options;
  options.service = name;
  options.address = *std::move(address);
  options.account = *std::move(account);
  options.app_key = service.app_key;
  if (!service.resource.empty()) options.resource = service.resource;
  options.model = service.model;
  options.style = service.style;
  options.loudness = service.loudness;
  options.first_within = milliseconds(service.first_ms);
  options.between = milliseconds(service.between_ms);
  return options;
}

}  // namespace parley::app
