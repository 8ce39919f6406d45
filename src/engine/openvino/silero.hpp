#pragma once
// Voice activity by Silero VAD v6 (MIT), the export that OpenVINO reads: silero_vad_openvino_16k.onnx. A step takes 64 samples
// of the step before and 512 new ones, and carries a state of 2×128 numbers.
#include <filesystem>
#include <memory>

#include "core/result.hpp"
#include "engine/openvino/runtime.hpp"
#include "speech/voice_activity.hpp"

namespace parley::engine {

/// One compiled network for all calls, one inference request and one state per stream. Runs on the thread that calls `push`,
/// on one core: 0.2 ms a step is too little to queue for. `open` from any thread; a stream may outlive its detector.
class Silero : public speech::VoiceActivityDetector {
 public:
  static constexpr char const* file_name = "silero_vad_openvino_16k.onnx";

  /// not_found or invalid when the file is missing, damaged or another model.
  [[nodiscard]] static core::Result<std::shared_ptr<Silero>> load(OpenVino const& openvino, std::filesystem::path const& file);

  [[nodiscard]] core::Result<std::unique_ptr<speech::VoiceActivityStream>> open() const override;

 private:
  explicit Silero(ov::CompiledModel network) : network_(std::move(network)) {}
  mutable ov::CompiledModel network_;  // making a request is not const there, but is thread-safe
};

}  // namespace parley::engine
