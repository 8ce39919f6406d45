#pragma once
// Kokoro-82M, spoken as it is made: the first sound of a clause comes after its front and one window of the vocoder, not after
// the whole clause. See kokoro_calibration.hpp for what makes windows possible.
//
//   auto kokoro = Kokoro::load(openvino, arbiter, home / "models/kokoro-82m");
//   auto job = (*kokoro)->speak(U"ni↓xau↓.", "zf_xiaoxiao", 1.0F, core::Urgency::first_sound, [](auto block) { … });
//
// It speaks symbols (IPA with tone arrows, the keys of symbols.json); turning text into them is engine/phonemes' part.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audio/format.hpp"
#include "core/job.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"
#include "engine/arbiter.hpp"
#include "engine/openvino/runtime.hpp"
#include "speech/synthesiser.hpp"

namespace parley::engine {

/// Shared by all calls; thread-safe. `openvino` and `arbiter` must outlive it.
class Kokoro {
 public:
  using Sink = speech::Synthesiser::Sink;
  using Done = std::function<void(core::Result<void>)>;

  /// `directory`: what models/convert/kokoro.py wrote; measured voices are kept under it in calibration/.
  [[nodiscard]] static core::Result<std::shared_ptr<Kokoro>> load(OpenVino const& openvino, Arbiter& arbiter,
                                                                  std::filesystem::path const& directory);

  [[nodiscard]] std::vector<std::string> voices() const;  ///< "af_alloy", … sorted
  /// Whether it has this voice or all parts of this mix ("zf_xiaoxiao*0.6+zm_yunxi*0.4"), and if not, what is near.
  [[nodiscard]] core::Result<void> check(std::string const& voice) const;

  /// Blocks of 24 kHz sound from the arbiter's thread, the last one marked; silence at both ends is cut to 30 ms before and to
  /// a pause that fits the punctuation after. Any length of symbols: more than the model takes is cut at punctuation. The first
  /// window runs at `urgency`, what follows at running_dry when that was first_sound. A voice that was never measured speaks
  /// its first clauses whole (right at once, but late) while it is measured behind. invalid: an unknown speed (0.25–4) or no
  /// symbol it knows; not_found: the voice.
  [[nodiscard]] core::Job speak(std::u32string symbols, std::string voice, float speed, core::Urgency urgency, Sink sink) const;

  /// Whether everything was measured of this voice, in this process or an earlier one. Errors as of `check`.
  [[nodiscard]] core::Result<bool> measured(std::string const& voice) const;
  /// Measures a voice now, at background urgency, unless that has been done: for the voices of roles, when a server starts.
  /// Some 15 s of two cores once, then kept on disk. `done` (may be empty) is called once from the arbiter's thread, or at once
  /// when the voice is unknown or has been measured. Goes on when nobody waits for it, until this object dies.
  void calibrate(std::string const& voice, Done done = {}) const;

  /// The clause as the model itself would normalise it, uncut and untrimmed, on the calling thread: what streamed sound is
  /// compared with.
  [[nodiscard]] core::Result<audio::Samples> exact(std::u32string const& symbols, std::string const& voice, float speed) const;

 private:
  class Shared;
  struct Speech;
  explicit Kokoro(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;
};

}  // namespace parley::engine
