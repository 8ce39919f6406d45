#pragma once
// Kokoro's voices are measured once before they can be spoken window by window (engine/openvino/kokoro_calibration.hpp). That
// is done when models are fetched and before calls, so that nobody hears a voice that is not ready.
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "app/config.hpp"
#include "core/result.hpp"
#include "language/role.hpp"

namespace parley::engine {
class Kokoro;
}

namespace parley::app {

/// (language, voice) of the configuration and of every role that can be read and is spoken by it, each once.
[[nodiscard]] std::set<std::pair<std::string, std::string>> voices_in_use(Config const& config, language::Roles const& roles);

/// Measures this voice ("kokoro:zf_xiaoxiao") and waits for it: some ten seconds, once on a machine. Nothing to do for a voice
/// of another engine, or one that was measured. `say` is told before it takes its time.
[[nodiscard]] core::Result<void> measure_voice(engine::Kokoro const& kokoro, std::string const& voice,
                                               std::function<void(std::string const&)> const& say);

/// Those of the configuration and the roles, with Kokoro loaded from `model` for it.
[[nodiscard]] core::Result<void> measure_voices_in_use(std::filesystem::path const& model, Config const& config,
                                                       std::function<void(std::string const&)> const& say);

}  // namespace parley::app
