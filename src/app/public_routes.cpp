#include "app/public_routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/house.hpp"
#include "app/knowledge_base.hpp"
#include "app/knowledge_room.hpp"
#include "app/knowledge_routes.hpp"
#include "app/model_routes.hpp"
#include "app/page_routes.hpp"
#include "core/file.hpp"
#include "server/sound/speech_routes.hpp"
#include "server/sound/transcription_routes.hpp"
#include "server/text/embedding_routes.hpp"
#include "server/text/text_routes.hpp"

namespace parley::app {
namespace {

using core::Code;
using core::Result;
using Names = std::vector<std::string>;
using AskHouse = std::function<House const*()>;

/// Nothing, or that there is no model of this name for what was asked.
Result<void> known(std::string const& name, Names const& names) {
  if (std::ranges::find(names, name) != names.end()) return {};
  return core::fail(Code::not_found, fmt::format("there is no model '{}' for this; use '{}'", name, fmt::join(names, "' or '")),
                    "model");
}

/// The names of all that writes text.
Names writers(Config const& config) {
  Names names{"default", config.llm};
  for (auto const& adapter : config.adapters) names.push_back(adapter.name);
  names.insert(names.end(), config.more_models.begin(), config.more_models.end());
  return names;
}

/// A part of the house that may have been left out.
template <class T>
Result<std::shared_ptr<T>> part_of(std::shared_ptr<T> part) {
  if (!part) return core::fail(Code::unavailable, "this server was started for text only (--text-only)");
  return part;
}

/// The model with what a request looks up before it; what does not exist is refused by name.
Result<std::shared_ptr<language::Model>> looking_up(House const& house, std::shared_ptr<language::Model> model,
                                                    server::TextRequest::LookUp const& look_up) {
  auto bases = look_up.bases;
  auto grounding = look_up.grounding;
  if (!look_up.role.empty()) {
    auto const role = house.roles().load(look_up.role);
    if (!role) return core::fail(role.error().code, role.error().message, "parley.role");
    if (bases.empty()) bases = role->knowledge;
    if (grounding.empty()) grounding = role->grounding;
  }
  for (auto const& base : bases) {
    if (auto const known = house.knowledge().base(base, false); !known) {
      return core::fail(known.error().code, known.error().message, "parley.knowledge");
    }
  }
  return house.grounded(std::move(model), std::move(bases), grounding);
}

void add_text(server::HttpRoutes& routes, Config const& config, AskHouse const& house, std::function<std::string()> metrics) {
  auto const& llm = config.llm;
  server::TextHooks hooks;
  hooks.find_model = [house, names = writers(config)](std::string const& name) -> Result<std::shared_ptr<language::Model>> {
    if (auto const found = known(name, names); !found) return std::unexpected(found.error());
    if (auto adapted = house()->adapted(name)) return adapted;
    if (auto further = house()->further(name)) return further;
    return house()->engines().model;
  };
  hooks.look_up = [house](std::shared_ptr<language::Model> model, server::TextRequest::LookUp const& look_up) {
    return looking_up(*house(), std::move(model), look_up);
  };
  hooks.metrics = std::make_shared<server::TextMetrics>(llm);
  hooks.admission = std::make_shared<server::AdmissionDesk>(server::AdmissionLimits{config.longest_wait_s, config.slowdown});
  hooks.more_metrics = [house, more = std::move(metrics)] {
    auto const* open = house();
    auto const* guard = open == nullptr ? nullptr : open->guard().get();
    return more() + (open == nullptr ? std::string() : open->routing_metrics()) +
           (guard == nullptr ? std::string() : guard::prometheus(guard->report().snapshot()));
  };
  server::add_text_routes(routes, std::move(hooks));
}

void add_embeddings(server::HttpRoutes& routes, AskHouse const& house) {
  auto const find = [house](std::string const& name) -> Result<std::shared_ptr<language::Embedder>> {
    if (auto const found = known(name, {"default", embedding_model}); !found) return std::unexpected(found.error());
    return house()->knowledge().embedder();
  };
  server::add_embedding_routes(routes, {find});
}

void add_speech(server::HttpRoutes& routes, Config const& config, AskHouse const& house) {
  server::SpeechHooks hooks;
  hooks.find_synthesiser = [house](std::string const& name) -> Result<std::shared_ptr<speech::Synthesiser const>> {
    if (auto const found = known(name, {"default", speaking_model, "tts-1"}); !found) return std::unexpected(found.error());
    return part_of(house()->engines().synthesiser);
  };
  hooks.house_voice = [voices = config.voices](std::string const& language) {
    auto const voice = voices.find(language);
    return voice == voices.end() ? voices.at("en") : voice->second;
  };
  hooks.gate = [house](std::string const& text) -> Result<std::string> {
    auto const& guard = house()->guard();
    if (!guard) return text;
    auto checked = guard->check(guard::Direction::out, text);
    if (checked.refused) return core::fail(Code::invalid, checked.released, "input");
    return std::move(checked.released);
  };
  server::add_speech_routes(routes, std::move(hooks));
}

void add_transcriptions(server::HttpRoutes& routes, std::string const& asr, AskHouse const& house) {
  server::TranscriptionHooks hooks;
  hooks.find_recogniser = [house, names = Names{"default", asr, "whisper-1"}](
                              std::string const& name) -> Result<std::shared_ptr<speech::Recogniser const>> {
    if (auto const found = known(name, names); !found) return std::unexpected(found.error());
    return part_of(house()->engines().recogniser);
  };
  hooks.in_turns = [house](std::function<bool()> step) { return house()->in_turns(std::move(step)); };
  server::add_transcription_routes(routes, std::move(hooks));
}

void add_description(server::HttpRoutes& routes) {
  routes.add("GET", "/openapi.json",
             [text = core::file_bytes(share_folder() / "config" / "openapi.json")](server::HttpRequest const&) {
               if (text) return server::HttpReply{200, *text, "application/json", {}};
               return server::error_reply({Code::unavailable, "config/openapi.json is not where it was installed", {}, {}});
             },
             {.needs_key = false});
}

}  // namespace

std::vector<std::string> add_public_routes(server::HttpRoutes& routes, Config const& config,
                                           std::function<House const*()> house, std::function<std::string()> metrics) {
  add_role_routes(routes, language::Roles(share_folder() / "roles"), config.role);
  add_voice_routes(routes, [house]() -> Result<std::vector<speech::VoiceInfo>> {
    if (house() == nullptr) return core::fail(Code::unavailable, "the voices are still being loaded; try again");
    auto const voices = part_of(house()->engines().synthesiser);
    if (!voices) return std::unexpected(voices.error());
    return (*voices)->voices();
  });
  add_text(routes, config, house, std::move(metrics));
  add_embeddings(routes, house);
  add_speech(routes, config, house);
  add_transcriptions(routes, config.asr, house);
  add_knowledge_routes(routes, [house]() -> KnowledgeRoom& { return house()->knowledge(); });
  add_description(routes);
  add_model_routes(routes, house);
  auto names = writers(config);
  names.insert(names.end(), {config.asr, speaking_model, embedding_model});
  return names;
}

}  // namespace parley::app
