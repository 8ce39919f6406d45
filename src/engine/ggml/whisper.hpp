#pragma once
// Whisper (whisper.cpp) as a recogniser of utterances.
//
// Every transcription runs inside the arbiter, at the urgency it was asked for, in steps that end between two tokens. Of each
// urgency one transcription runs at a time, first come first served, to its end: so the one that waits longest is done first,
// and there are never more working memories than urgencies in use. A long utterance is cut at its quietest moment every
// 12 to 20 seconds; what lies before a cut is transcribed once, remembered as text, and its sound is dropped, so neither time
// nor memory grows with the length of a speech.
#include <filesystem>
#include <memory>

#include "engine/arbiter.hpp"
#include "speech/recogniser.hpp"

namespace parley::engine {

class WhisperLanes;

class Whisper final : public speech::Recogniser {
 public:
  /// `model`: a whisper.cpp file ("ggml-base.bin"). `arbiter` outlives the recogniser and all its utterances.
  /// Errors: `unavailable` when the file is missing, cut short or damaged, with what to do about it.
  [[nodiscard]] static core::Result<std::shared_ptr<Whisper>> load(std::filesystem::path const& model, Arbiter& arbiter);

  /// A language Whisper does not know is detected instead. The sink is called from the arbiter's thread, never inside `push` or
  /// `transcribe`, and must not take long; requests that were replaced or given up are not answered. A transcript of a
  /// revision that was asked for twice comes twice. When the utterance grows past 40 s without anybody asking, it is
  /// transcribed of its own accord (revision 0).
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override;

 private:
  explicit Whisper(std::shared_ptr<WhisperLanes> lanes) : lanes_(std::move(lanes)) {}
  std::shared_ptr<WhisperLanes> lanes_;
};

}  // namespace parley::engine
