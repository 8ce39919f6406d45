#include "app/services.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include "app/service_makers.hpp"
#include "cloud/net/network.hpp"
#include "cloud/resilience/failover_model.hpp"
#include "cloud/resilience/failover_recogniser.hpp"
#include "cloud/resilience/failover_synthesiser.hpp"

namespace parley::app {
namespace {

using core::Result;

core::Error no_local() {
  return {core::Code::unavailable,
          "the models of this machine are not loaded: put `local` into the list under `use` as well",
          "local",
          {}};
}

/// The entries of a list, "local" being what is near.
template <class T>
Result<std::vector<typename cloud::Providers<T>::Entry>> entries(std::vector<std::string> const& list,
                                                                 std::map<std::string, std::shared_ptr<T>> const& far,
                                                                 std::shared_ptr<T> const& near) {
  std::vector<typename cloud::Providers<T>::Entry> out;
  for (auto const& name : list) {
    auto const at = far.find(name);
    if (name != "local" && at == far.end()) {
      return core::fail(core::Code::invalid, "this service does something else; look at its kind", name);
    }
    out.push_back({name, name == "local" ? near : at->second});
    if (!out.back().provider) return std::unexpected(no_local());
  }
  return out;
}

cloud::FailoverModel::After after_on(cloud::net::Network& network) {
  return [&network](core::Duration time, std::function<void()> then) {
    auto const timer = std::make_shared<boost::asio::steady_timer>(network.strand(), time);
    timer->async_wait([timer, then = std::move(then)](boost::system::error_code error) {
      if (!error) then();
    });
  };
}

/// The speaker of a session: the role's own voice of this service, its stand-in, or the service's for the role's language.
std::string speaker_of(language::Role const& role, std::string const& name, ServiceConfig const& service) {
  auto const wanted = role.voices.find(role.language);
  std::string voice = wanted == role.voices.end() ? std::string() : wanted->second;
  if (auto const at = service.instead.find(voice); at != service.instead.end()) {
    voice = at->second;
  } else if (!voice.starts_with(name + ":")) {
    auto const of_language = service.voices.find(role.language);
    voice = of_language == service.voices.end() ? std::string() : of_language->second;
  }
  return voice.starts_with(name + ":") ? voice.substr(name.size() + 1) : voice;
}

template <class T>
std::shared_ptr<T> named(std::mutex& mutex, std::map<std::string, std::shared_ptr<T>> const& all, std::string const& name) {
  std::lock_guard const lock(mutex);
  auto const at = all.find(name);
  return at == all.end() ? nullptr : at->second;
}

}  // namespace

Services::Services(ServicesConfig config) : config_(std::move(config)) {}
Services::~Services() = default;

Result<std::unique_ptr<Services>> Services::open(ServicesConfig const& config) {
  std::unique_ptr<Services> services(new Services(config));
  if (config.services.empty()) return services;
  auto network = cloud::net::Network::start(1, config.authorities);
  if (!network) return std::unexpected(network.error());
  services->network_ = *std::move(network);
  auto used = config.use.recogniser;
  used.insert(used.end(), config.use.model.begin(), config.use.model.end());
  used.insert(used.end(), config.use.synthesiser.begin(), config.use.synthesiser.end());
  if (!config.use.embedder.empty()) used.push_back(config.use.embedder);
  if (auto made = services->need(used); !made) return std::unexpected(made.error());
  return services;
}

Result<void> Services::need(Names const& list) {
  for (auto const& name : list) {
    bool const there = recognisers_.contains(name) || models_.contains(name) || synthesisers_.contains(name) ||
                       embedders_.contains(name) || dialogues_.contains(name);
    if (name == "local" || there) continue;
    auto const service = config_.services.find(name);
    if (service == config_.services.end()) {
      return core::fail(core::Code::not_found, "there is no such service under `services` of the configuration", name);
    }
    if (auto made = make(name, service->second); !made) return made;
  }
  return {};
}

Result<void> Services::make(std::string const& name, ServiceConfig const& service) {
  auto const keep = [&](auto& where, auto made) -> Result<void> {
    if (!made) return std::unexpected(made.error());
    where[name] = *std::move(made);
    return {};
  };
  if (service.kind == "chat") return keep(models_, make_chat(*network_, name, service));
  if (service.kind == "embeddings") return keep(embedders_, make_embedder(*network_, name, service));
  if (service.kind == "openai-transcription") return keep(recognisers_, make_transcription(*network_, name, service));
  if (service.kind == "openai-speech") return keep(synthesisers_, make_speech(*network_, name, service));
  if (service.kind == "volcengine-dialogue") return keep(dialogues_, volcengine_dialogue(name, service));
  if (service.kind == "volcengine-recognition") {
    return keep(recognisers_, make_volcengine_recogniser(*network_, name, service));
  }
  return keep(synthesisers_, make_volcengine_synthesiser(*network_, name, service));
}

Services::Names Services::without_whole_calls(Names const& list, Names const& own) const {
  auto names = list.empty() ? own : list;
  std::erase_if(names, [this](auto const& name) { return config_.whole_call(name); });
  return names;
}

Result<Services::Recogniser> Services::recogniser(Names const& list, Recogniser const& local) {
  auto const names = without_whole_calls(list, config_.use.recogniser);
  if (names.empty()) return local;
  std::lock_guard const lock(mutex_);
  if (auto const at = recogniser_lists_.find(names); at != recogniser_lists_.end()) return at->second;
  if (auto made = need(names); !made) return std::unexpected(made.error());
  auto providers = entries(names, recognisers_, local);
  if (!providers) return std::unexpected(providers.error());
  return recogniser_lists_[names] = std::make_shared<cloud::FailoverRecogniser>(*std::move(providers));
}

Result<Services::Model> Services::model(Names const& list, Model const& local) {
  auto const names = without_whole_calls(list, config_.use.model);
  if (names.empty()) return local;
  std::lock_guard const lock(mutex_);
  if (auto const at = model_lists_.find(names); at != model_lists_.end()) return at->second;
  if (auto made = need(names); !made) return std::unexpected(made.error());
  auto providers = entries(names, models_, local);
  if (!providers) return std::unexpected(providers.error());
  auto after = config_.use.hedge && network_ ? after_on(*network_) : cloud::FailoverModel::After();
  return model_lists_[names] = std::make_shared<cloud::FailoverModel>(*std::move(providers), std::move(after));
}

Result<Services::Synthesiser> Services::synthesiser(Names const& list, Synthesiser const& local,
                                                    std::map<std::string, std::string> const& house_voices) {
  auto const names = without_whole_calls(list, config_.use.synthesiser);
  if (names.empty()) return local;
  std::lock_guard const lock(mutex_);
  if (auto const at = synthesiser_lists_.find(names); at != synthesiser_lists_.end()) return at->second;
  if (auto made = need(names); !made) return std::unexpected(made.error());
  auto const providers = entries(names, synthesisers_, local);
  if (!providers) return std::unexpected(providers.error());
  std::vector<cloud::FailoverSynthesiser::Speaker> speakers;
  for (auto const& [name, synthesiser] : *providers) {
    cloud::FailoverSynthesiser::Speaker speaker{name, synthesiser, name == "local", {}, {}};
    if (speaker.local) {
      for (auto const& [language, voice] : house_voices) {
        if (local->check(voice)) speaker.voices[language] = voice;
      }
    } else {
      auto const& service = config_.services.at(name);
      for (auto const& [language, voice] : service.voices) speaker.voices[language] = own_voice(voice, name);
      for (auto const& [foreign, voice] : service.instead) speaker.instead[foreign] = own_voice(voice, name);
    }
    speakers.push_back(std::move(speaker));
  }
  return synthesiser_lists_[names] = std::make_shared<cloud::FailoverSynthesiser>(std::move(speakers));
}

Result<Services::Three> Services::for_call(language::Role const& role, Three const& local,
                                           std::map<std::string, std::string> const& house_voices, Model const& routed) {
  auto recogniser_ = recogniser(role.recogniser, local.recogniser);
  if (!recogniser_) return std::unexpected(recogniser_.error());
  auto model_ = role.model.empty() && routed ? Result<Model>(routed) : model(role.model, local.model);
  if (!model_) return std::unexpected(model_.error());
  auto synthesiser_ = synthesiser(role.synthesiser, local.synthesiser, house_voices);
  if (!synthesiser_) return std::unexpected(synthesiser_.error());
  Three three{*std::move(recogniser_), *std::move(model_), *std::move(synthesiser_)};
  auto const either = [](Names const& list, Names const& own) { return list.empty() ? own : list; };
  auto const name =
      config_.whole_call_of(either(role.recogniser, config_.use.recogniser), either(role.model, config_.use.model),
                            either(role.synthesiser, config_.use.synthesiser));
  if (!name) return std::unexpected(name.error());
  if (name->empty()) return three;
  std::lock_guard const lock(mutex_);
  if (auto made = need({*name}); !made) return std::unexpected(made.error());
  auto const& service = config_.services.at(*name);
  auto options = dialogues_.at(*name);
  options.speaker = speaker_of(role, *name, service);
  auto const faces = cloud::volcengine::dialogue::open(*network_, std::move(options));

  constexpr char const* others = "the others";
  using Speaker = cloud::FailoverSynthesiser::Speaker;
  Speaker first{*name, faces.synthesiser, false, {}, {}};
  for (auto const* language : {"zh", "en"}) first.voices[language] = own_voice("", *name);  // its session has one voice
  Speaker behind{others, three.synthesiser, true, {}, house_voices};
  return Three{std::make_shared<cloud::FailoverRecogniser>(
                   std::vector<cloud::FailoverRecogniser::List::Entry>{{*name, faces.recogniser}, {others, three.recogniser}}),
               std::make_shared<cloud::FailoverModel>(
                   std::vector<cloud::Providers<language::Model>::Entry>{{*name, faces.model}, {others, three.model}}),
               std::make_shared<cloud::FailoverSynthesiser>(std::vector<Speaker>{std::move(first), std::move(behind)})};
}

Services::Model Services::dialogue_named(std::string const& name) {
  std::lock_guard const lock(mutex_);
  auto const at = dialogues_.find(name);
  return at == dialogues_.end() ? nullptr : cloud::volcengine::dialogue::open(*network_, at->second).model;
}

std::shared_ptr<language::Embedder> Services::embedder() { return embedder_named(config_.use.embedder); }

Services::Recogniser Services::recogniser_named(std::string const& name) const { return named(mutex_, recognisers_, name); }
Services::Model Services::model_named(std::string const& name) const { return named(mutex_, models_, name); }
Services::Synthesiser Services::synthesiser_named(std::string const& name) const { return named(mutex_, synthesisers_, name); }
std::shared_ptr<language::Embedder> Services::embedder_named(std::string const& name) const {
  return named(mutex_, embedders_, name);
}

}  // namespace parley::app
