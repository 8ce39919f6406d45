#include "app/voice_measuring.hpp"

#include <fmt/format.h>

#include <future>

#include "engine/arbiter.hpp"
#include "engine/kokoro_voice.hpp"
#include "engine/openvino/kokoro.hpp"
#include "engine/openvino/runtime.hpp"
#include "models/store.hpp"

namespace parley::app {

std::set<std::pair<std::string, std::string>> voices_in_use(Config const& config, language::Roles const& roles) {
  std::set<std::pair<std::string, std::string>> used(config.voices.begin(), config.voices.end());
  for (auto const& id : roles.ids()) {
    auto const role = roles.load(id);
    if (role && role->synthesiser.empty()) used.insert(role->voices.begin(), role->voices.end());
  }
  return used;
}

core::Result<void> measure_voice(engine::Kokoro const& kokoro, std::string const& voice,
                                 std::function<void(std::string const&)> const& say) {
  if (!voice.starts_with("kokoro:")) return {};
  auto const name = engine::kokoro_name(voice);
  auto const measured = kokoro.measured(name);
  if (!measured) return std::unexpected(measured.error());
  if (*measured) return {};
  say(fmt::format("measuring the voice {}, once", name));
  auto const done = std::make_shared<std::promise<core::Result<void>>>();
  kokoro.calibrate(name, [done](core::Result<void> result) { done->set_value(std::move(result)); });
  return done->get_future().get();
}

core::Result<void> measure_voices_in_use(std::filesystem::path const& model, Config const& config,
                                         std::function<void(std::string const&)> const& say) {
  engine::OpenVino const openvino(models::home_directory() / "compiled");
  engine::Arbiter arbiter;
  auto const kokoro = engine::Kokoro::load(openvino, arbiter, model);
  if (!kokoro) return std::unexpected(kokoro.error());
  for (auto const& [language, voice] : voices_in_use(config, language::Roles(share_folder() / "roles"))) {
    // A voice that does not exist is refused with its reason when somebody calls the role.
    if (voice.starts_with("kokoro:") && !(*kokoro)->check(engine::kokoro_name(voice))) continue;
    if (auto done = measure_voice(**kokoro, voice, say); !done) return done;
  }
  return {};
}

}  // namespace parley::app
