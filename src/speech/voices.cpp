#include "speech/voices.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>

namespace parley::speech {

core::Result<std::shared_ptr<Synthesiser const>> Voices::engine_of(std::string const& voice) const {
  auto const found = engines_.find(voice.substr(0, voice.find(':')));
  if (found != engines_.end() && voice.find(':') != std::string::npos) return found->second;
  return core::fail(core::Code::not_found,
                    fmt::format("there is no voice '{}'; a voice is ENGINE:NAME, and the engines are {}", voice,
                                fmt::join(std::views::keys(engines_), ", ")),
                    voice);
}

std::vector<VoiceInfo> Voices::voices() const {
  std::vector<VoiceInfo> all;
  for (auto const& engine : std::views::values(engines_)) {
    auto const some = engine->voices();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

core::Result<void> Voices::check(std::string const& voice) const {
  auto const engine = engine_of(voice);
  if (!engine) return std::unexpected(engine.error());
  return (*engine)->check(voice);
}

core::Job Voices::speak(SpeakRequest request, Sink sink) const {
  auto const engine = engine_of(request.voice);
  if (engine) return (*engine)->speak(std::move(request), std::move(sink));
  sink(std::unexpected(engine.error()));
  return {};
}

}  // namespace parley::speech
