#pragma once
// The voice that is always there: espeak-ng speaks every language at once and sounds like a robot. A process of its own
// (GPL-3).
#include "engine/arbiter.hpp"
#include "speech/synthesiser.hpp"

namespace parley::engine {

/// "espeak:zh", "espeak:en". Thread-safe; one arbiter step a clause.
class EspeakVoice final : public speech::Synthesiser {
 public:
  explicit EspeakVoice(Arbiter& arbiter) : arbiter_(&arbiter) {}
  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override;
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;

 private:
  Arbiter* arbiter_;
};

}  // namespace parley::engine
