#include "app/doctor_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <future>
#include <iostream>
#include <memory>
#include <numbers>

#include "app/config.hpp"
#include "app/services.hpp"
#include "app/setup_check.hpp"
#include "core/log.hpp"

namespace parley::app {
namespace {

using core::Result;

constexpr std::chrono::seconds patience{30};

/// What one try gave: a word about it, or why not.
using Finding = Result<std::string>;

/// Waits for a promise that an engine's sink keeps; a service that never answers is a finding too.
Finding found(std::shared_ptr<std::promise<Finding>> const& promise) {
  auto future = promise->get_future();
  if (future.wait_for(patience) == std::future_status::ready) return future.get();
  return core::fail(core::Code::deadline, "there was no answer within half a minute");
}

/// Keeps a promise once, whatever comes after.
struct Once {
  std::shared_ptr<std::promise<Finding>> promise = std::make_shared<std::promise<Finding>>();
  std::shared_ptr<std::atomic<bool>> kept = std::make_shared<std::atomic<bool>>(false);
  void operator()(Finding finding) const {
    if (!kept->exchange(true)) promise->set_value(std::move(finding));
  }
};

Finding try_model(language::Model& model) {
  Once once;
  language::GenerateRequest request;
  request.messages = {{language::Speaker::user, "你好"}};
  request.sampling.max_tokens = 8;
  auto const job = model.generate(std::move(request), [once](language::Piece const& piece) {
    if (auto const* error = std::get_if<core::Error>(&piece)) once(std::unexpected(*error));
    if (auto const* finish = std::get_if<language::Finish>(&piece)) {
      auto const& usage = finish->usage;
      once(usage.prompt_tokens == 0
               ? std::string("answers")
               : fmt::format("answers; {} tokens read, {} written", usage.prompt_tokens, usage.completion_tokens));
    }
  });
  return found(once.promise);
}

Finding try_embedder(language::Embedder& embedder) {
  Once once;
  auto const job = embedder.embed({"你好"}, language::Purpose::query, core::Urgency::background,
                                  [once, &embedder](Result<std::vector<language::Vector>> const& vectors) {
                                    if (!vectors) return once(std::unexpected(vectors.error()));
                                    once(fmt::format("embeds; {} dimensions", embedder.dimensions()));
                                  });
  return found(once.promise);
}

Finding try_recogniser(speech::Recogniser const& recogniser) {
  Once once;
  auto const stream = recogniser.open({}, [once](Result<speech::Transcript> const& result) {
    if (!result) return once(std::unexpected(result.error()));
    once("listens");
  });
  audio::Samples tone(audio::heard_hz);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = 0.1F * static_cast<float>(std::sin(2 * std::numbers::pi * 180 * static_cast<double>(i) / audio::heard_hz));
  }
  stream->push(tone);
  stream->transcribe(1, core::Urgency::final_transcript);
  return found(once.promise);
}

Finding try_voice(speech::Synthesiser const& synthesiser, std::string const& voice, std::string const& language) {
  Once once;
  auto const samples = std::make_shared<std::atomic<std::size_t>>(0);
  auto const job = synthesiser.speak({language == "zh" ? "你好。" : "Hello.", language, voice, 1.0F, {}},
                                     [once, samples](Result<speech::SpokenBlock> const& block) {
                                       if (!block) return once(std::unexpected(block.error()));
                                       *samples += block->samples.size();
                                       if (block->last) {
                                         once(fmt::format("speaks; {} ms of sound", *samples * 1000 / audio::spoken_hz));
                                       }
                                     });
  return found(once.promise);
}

/// Prints one line a try; false when it failed.
bool report(std::string const& what, std::function<Finding()> const& attempt) {
  auto const began = std::chrono::steady_clock::now();
  auto const finding = attempt();
  auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
  if (finding) {
    std::cout << fmt::format("ok    {}: {} ({} ms)", what, *finding, ms) << std::endl;
    return true;
  }
  std::cout << fmt::format("FAIL  {}: {}", what, core::describe(finding.error())) << std::endl;
  return false;
}

std::vector<std::string> UseConfig::* list_of(std::string const& kind) {
  if (kind == "chat" || kind == "volcengine-dialogue") return &UseConfig::model;
  return kind == "volcengine-recognition" || kind == "openai-transcription" ? &UseConfig::recogniser : &UseConfig::synthesiser;
}

int look_at_services(Config const& config) {
  if (config.services.services.empty()) {
    std::cout << "no services are configured; see docs/volcengine.md" << std::endl;
    return 0;
  }
  bool well = true;
  for (auto const& [name, service] : config.services.services) {
    ServicesConfig alone;
    alone.services[name] = service;
    alone.authorities = config.services.authorities;
    if (service.kind == "embeddings") {
      alone.use.embedder = name;
    } else {
      alone.use.*list_of(service.kind) = {name};  // a whole call is tried in writing
    }
    auto services = Services::open(alone);
    if (!services) {
      well = report(name, [&]() -> Finding { return std::unexpected(services.error()); }) && well;
    } else if (auto const embedder = (*services)->embedder_named(name)) {
      well = report(fmt::format("{} ({})", name, service.model), [&] { return try_embedder(*embedder); }) && well;
    } else if (auto const model = (*services)->model_named(name)) {
      well = report(fmt::format("{} ({})", name, service.model), [&] { return try_model(*model); }) && well;
    } else if (auto const dialogue = (*services)->dialogue_named(name)) {
      well = report(name, [&] { return try_model(*dialogue); }) && well;
    } else if (auto const recogniser = (*services)->recogniser_named(name)) {
      well = report(name, [&] { return try_recogniser(*recogniser); }) && well;
    } else if (auto const synthesiser = (*services)->synthesiser_named(name)) {
      if (service.voices.empty()) std::cout << fmt::format("      {}: no voices are listed, so none was tried\n", name);
      for (auto const& [language, voice] : service.voices) {
        well = report(fmt::format("{}:{}", name, voice),
                      [&] { return try_voice(*synthesiser, fmt::format("{}:{}", name, voice), language); }) &&
               well;
      }
    }
  }
  return well ? 0 : 1;
}

int look_at_setup(Config const& config, std::filesystem::path const& config_file) {
  std::vector<std::string> looked_at;
  auto const problems = check_setup(places_of(config, config_file), looked_at);
  if (!problems) {
    std::cerr << "parley: " << core::describe(problems.error()) << std::endl;
    return 1;
  }
  for (auto const& problem : *problems) {
    std::cout << fmt::format("FAIL  {}: {}\n      {}", problem.where, problem.what, problem.mend) << std::endl;
  }
  std::cout
      << (problems->empty()
              ? fmt::format("ok    {} files looked at: no keys lie open, nobody else may read what is private. 没有发现问题。",
                            looked_at.size())
              : fmt::format("{} problems in {} files. 发现 {} 个问题。", problems->size(), looked_at.size(), problems->size()))
      << std::endl;
  return problems->empty() ? 0 : 1;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto* doctor = app.add_subcommand(
      "doctor",
      "look for what is wrong: keys that lie open, files that others may read; with --cloud, services that do not answer");
  auto const file = std::make_shared<std::string>();
  auto const cloud = std::make_shared<bool>(false);
  doctor->add_flag("--cloud", *cloud, "try every configured service with a tiny request (a few characters are paid for)");
  doctor->add_option("--config", *file, "configuration file");
  doctor->callback([file, cloud, &exit_code] {
    auto const path = file->empty() ? share_folder() / "config" / "parley.yaml" : std::filesystem::path(*file);
    auto const config = load_config(path);
    if (!config) {
      std::cerr << "parley: " << core::describe(config.error()) << std::endl;
      exit_code = 1;
      return;
    }
    core::start_log(config->log);
    exit_code = look_at_setup(*config, path);
    if (*cloud) exit_code = std::max(exit_code, look_at_services(*config));
  });
}

}  // namespace parley::app
