#pragma once
// Microphone and loudspeaker of this machine (PortAudio), for `parley call` without a recording.
#include <functional>
#include <memory>
#include <span>

#include "audio/format.hpp"
#include "conversation/command.hpp"
#include "core/result.hpp"

namespace parley::app {

class SoundCard {
 public:
  /// unavailable when the machine has no microphone or no speaker.
  [[nodiscard]] static core::Result<std::unique_ptr<SoundCard>> open();
  virtual ~SoundCard() = default;

  /// `microphone` gets 20 ms of 16 kHz sound at a time, on the card's own thread.
  virtual void start(std::function<void(std::span<float const>)> microphone) = 0;
  virtual void stop() = 0;
  /// The call's news: plays answers, falls silent when one is interrupted.
  virtual void on(conversation::Command const& news) = 0;
  /// Everything played so far, 24 kHz; call it after `stop`.
  [[nodiscard]] virtual audio::Samples const& heard() const = 0;
};

}  // namespace parley::app
