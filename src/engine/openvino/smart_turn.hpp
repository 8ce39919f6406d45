#pragma once
// End of turn by Smart Turn v3.2 (BSD-2-Clause, 23 languages): Whisper's encoder, a pooling and a classifier over the last 8 s.
#include <filesystem>
#include <memory>

#include "core/result.hpp"
#include "engine/arbiter.hpp"
#include "engine/openvino/runtime.hpp"
#include "speech/end_of_turn.hpp"

namespace parley::engine {

/// One arbiter step at Urgency::final_transcript computes picture and answer. The sink is called on the arbiter's thread; after
/// a cancellation it is not called. The detector may be destroyed while predictions wait; the arbiter must outlive it.
class SmartTurn : public speech::EndOfTurnDetector {
 public:
  static constexpr char const* file_name = "smart-turn-v3.2-cpu.onnx";

  /// not_found or invalid when the file is missing, damaged or another model. `arbiter` must outlive this.
  [[nodiscard]] static core::Result<std::shared_ptr<SmartTurn>> load(OpenVino const& openvino, Arbiter& arbiter,
                                                                     std::filesystem::path const& file);

  [[nodiscard]] core::Job predict(audio::SharedSamples audio, Sink sink) const override;

 private:
  struct Network;
  SmartTurn(Arbiter& arbiter, std::shared_ptr<Network> network);
  Arbiter* arbiter_;
  std::shared_ptr<Network> network_;
};

}  // namespace parley::engine
