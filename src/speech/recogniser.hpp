#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audio/format.hpp"
#include "core/ledger.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"

namespace parley::speech {

struct TimedWord {
  std::string text;  ///< without punctuation around it; of Chinese, one character
  audio::Heard begin, end;
};

/// A sentence or so of a recording.
struct Segment {
  std::string text;
  audio::Heard begin, end;
  float mean_log_probability = 0;
  float no_speech = 0;  ///< how likely it is that nobody speaks
  std::vector<TimedWord> words = {};
};

struct Transcript {
  std::uint64_t revision = 0;  ///< the number given to `transcribe`; 0 for a partial that nobody asked for
  std::string text;            ///< trimmed; Chinese in simplified characters; empty when there is no speech
  std::string language;        ///< "zh", "en", …
  float mean_log_probability = 0;
  std::vector<Segment> segments = {};  ///< when times were asked for and the recogniser has them
};

/// One utterance being recognised. Sound is pushed as it is heard; a transcript of all of it so far is asked for as often as
/// useful. Destroying it cancels what is under way. One thread at a time.
class UtteranceRecogniser {
 public:
  virtual ~UtteranceRecogniser() = default;
  virtual void push(std::span<float const> samples) = 0;  ///< 16 kHz; never blocks
  /// Asks for the transcript of everything pushed so far. A newer request replaces an older one that has not begun; one of
  /// urgency partial may stay without an answer.
  virtual void transcribe(std::uint64_t revision, core::Urgency urgency) = 0;
};

struct RecogniserOptions {
  std::string language;    ///< "zh", "en", …; empty: detect
  std::string prompt;      ///< words that are likely: names, terms; may be empty
  bool recording = false;  ///< of something that is over: nothing is transcribed unasked, and of a long one what is done is
                           ///< told on the way, as transcripts of revision 0 that grow at their end
  bool times = false;      ///< segments and words with their times
  std::shared_ptr<core::Ledger> ledger = {};  ///< of the call it is for; may be null
  std::string client = {};                    ///< whose it is: the id of a key
};

/// Shared by all calls; thread-safe. Local models and cloud services alike.
class Recogniser {
 public:
  using Sink = std::function<void(core::Result<Transcript>)>;  ///< from any thread

  virtual ~Recogniser() = default;
  [[nodiscard]] virtual std::unique_ptr<UtteranceRecogniser> open(RecogniserOptions options, Sink sink) const = 0;
};

}  // namespace parley::speech
