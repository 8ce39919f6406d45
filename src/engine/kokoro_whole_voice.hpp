#pragma once
// Kokoro as its makers wrote it: a clause is one piece of sound, there when all of it has been computed. This is what streamed
// sound (kokoro_voice.hpp) is measured against; a call would wait seconds for it, and everybody else meanwhile.
#include <memory>

#include "engine/arbiter.hpp"
#include "engine/openvino/kokoro.hpp"
#include "engine/phonemes/kokoro_symbols.hpp"
#include "speech/synthesiser.hpp"

namespace parley::engine {

/// "kokoro-whole:zf_xiaoxiao". Shared; thread-safe. `arbiter` must outlive it. One step of the arbiter a text, however long.
class KokoroWholeVoice final : public speech::Synthesiser {
 public:
  KokoroWholeVoice(Arbiter& arbiter, std::shared_ptr<Kokoro const> kokoro, KokoroSymbols symbols)
      : arbiter_(&arbiter), kokoro_(std::move(kokoro)), symbols_(std::move(symbols)) {}

  /// None: nobody is offered it by name.
  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override { return {}; }
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;

 private:
  Arbiter* arbiter_;
  std::shared_ptr<Kokoro const> kokoro_;
  KokoroSymbols symbols_;
};

}  // namespace parley::engine
