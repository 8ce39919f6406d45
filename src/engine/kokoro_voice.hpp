#pragma once
// Kokoro as a Synthesiser: "kokoro:zf_xiaoxiao", and mixes "kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4".
#include <memory>

#include "engine/arbiter.hpp"
#include "engine/openvino/kokoro.hpp"
#include "engine/phonemes/kokoro_symbols.hpp"
#include "speech/synthesiser.hpp"

namespace parley::engine {

/// "kokoro:bf_emma" → "bf_emma".
[[nodiscard]] std::string kokoro_name(std::string const& voice);
/// How a voice of that name reads English.
[[nodiscard]] Accent accent_of(std::string_view kokoro_name);

/// Shared; thread-safe. `arbiter` must outlive it. Text becomes symbols in one step of the arbiter, the rest is Kokoro's.
class KokoroVoice final : public speech::Synthesiser {
 public:
  KokoroVoice(Arbiter& arbiter, std::shared_ptr<Kokoro const> kokoro, KokoroSymbols symbols)
      : arbiter_(&arbiter), kokoro_(std::move(kokoro)), symbols_(std::make_shared<KokoroSymbols const>(std::move(symbols))) {}

  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override;
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;

 private:
  Arbiter* arbiter_;
  std::shared_ptr<Kokoro const> kokoro_;
  std::shared_ptr<KokoroSymbols const> symbols_;
};

}  // namespace parley::engine
