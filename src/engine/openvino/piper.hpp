#pragma once
// Speech by a Piper voice (VITS): small, fast, one language each. Streams by windows: the first quarter of a second of sound is
// there after the front network and one short window, whatever the length of the clause.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "engine/arbiter.hpp"
#include "engine/openvino/runtime.hpp"
#include "speech/synthesiser.hpp"

namespace parley::engine {

class PiperNetworks;

/// Thread-safe. Sinks are called on the arbiter's thread. Phonemes and front network are one step, each window is one; the
/// steps up to the first sound run at the request's urgency, later ones at `running_dry` when somebody waited for first sound.
/// A clause with nothing speakable gives one `last` block without samples; one in another script than the voice's an error.
/// The same request gives the same samples, always.
class Piper : public speech::Synthesiser {
 public:
  /// Text in words (numbers and signs are already spelt out) -> UTF-8 IPA with stress and punctuation, by the named espeak-ng
  /// voice; Espeak::phonemes. Called on the arbiter's thread.
  using Phonemiser = std::function<core::Result<std::string>(std::string_view text, std::string const& espeak_voice)>;

  /// `directory`: what models/convert/piper.py wrote. `arbiter` must outlive this.
  [[nodiscard]] static core::Result<std::shared_ptr<Piper>> load(OpenVino const& openvino, Arbiter& arbiter,
                                                                 std::filesystem::path const& directory, Phonemiser phonemiser);

  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override;
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;

 private:
  struct Clause;
  Piper(Arbiter& arbiter, std::shared_ptr<PiperNetworks> networks, Phonemiser phonemiser);

  Arbiter* arbiter_;
  std::shared_ptr<PiperNetworks> networks_;
  std::shared_ptr<Phonemiser const> phonemiser_;
};

}  // namespace parley::engine
