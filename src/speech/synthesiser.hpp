#pragma once
#include <functional>
#include <string>
#include <vector>

#include "audio/format.hpp"
#include "core/job.hpp"
#include "core/ledger.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"

namespace parley::speech {

struct VoiceInfo {
  std::string name;                    ///< as a role names it: "kokoro:zf_xiaoxiao"
  std::vector<std::string> languages;  ///< "zh", "en", …; the first is its own
  std::string description;
};

struct SpeakRequest {
  std::string text;      ///< one clause as written; turning it into speakable text is the synthesiser's part
  std::string language;  ///< "zh" or "en"
  std::string voice;     ///< "kokoro:zf_xiaoxiao", a mix "kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4", "piper:en_US-joe-medium"
  float speed = 1.0F;    ///< 0.25–4; 1 is the voice's own
  core::Urgency urgency = core::Urgency::first_sound;
  std::shared_ptr<core::Ledger> ledger = {};  ///< of the call it is for; may be null
};

struct SpokenBlock {
  audio::Samples samples;  ///< 24 kHz mono; may be empty on the last block
  bool last = false;       ///< the clause is complete; nothing follows
};

/// Shared by all calls; thread-safe.
class Synthesiser {
 public:
  using Sink = std::function<void(core::Result<SpokenBlock>)>;  ///< in order, from any thread; an error is the last call

  virtual ~Synthesiser() = default;
  [[nodiscard]] virtual std::vector<VoiceInfo> voices() const = 0;
  /// Whether it has this voice (a mix counts when it has all of its parts), and if not, why.
  [[nodiscard]] virtual core::Result<void> check(std::string const& voice) const = 0;
  /// Blocks arrive as they are made, the first as early as can be.
  [[nodiscard]] virtual core::Job speak(SpeakRequest request, Sink sink) const = 0;
};

}  // namespace parley::speech
