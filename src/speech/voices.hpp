#pragma once
// All the voices of a house behind one Synthesiser: "kokoro:zf_xiaoxiao" goes to whoever was added as "kokoro".
#include <map>
#include <memory>
#include <string>

#include "speech/synthesiser.hpp"

namespace parley::speech {

/// Filled before it is shared, only read afterwards; then thread-safe.
class Voices final : public Synthesiser {
 public:
  void add(std::string engine, std::shared_ptr<Synthesiser const> synthesiser) {
    engines_[std::move(engine)] = std::move(synthesiser);
  }

  [[nodiscard]] std::vector<VoiceInfo> voices() const override;
  /// not_found names the engines there are, or what the engine itself says.
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(SpeakRequest request, Sink sink) const override;

 private:
  [[nodiscard]] core::Result<std::shared_ptr<Synthesiser const>> engine_of(std::string const& voice) const;
  std::map<std::string, std::shared_ptr<Synthesiser const>> engines_;
};

}  // namespace parley::speech
