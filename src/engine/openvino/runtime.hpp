#pragma once
// OpenVINO for all the small networks: one ov::Core, compiled models cached on disk, every inference on the calling thread and
// the pool it wakes for that call only, so that the arbiter stays the owner of the cores.
#include <filesystem>
#include <openvino/openvino.hpp>

#include "core/result.hpp"

namespace parley::engine {

class OpenVino {
 public:
  /// `cache`: where compiled models are kept between runs; made if missing.
  explicit OpenVino(std::filesystem::path const& cache);

  [[nodiscard]] core::Result<std::shared_ptr<ov::Model>> read(std::filesystem::path const& file) const;

  /// `threads`: 1 for what runs beside the arbiter (voice activity), all cores for what runs inside it.
  [[nodiscard]] core::Result<ov::CompiledModel> compile(std::shared_ptr<ov::Model> const& model, int threads) const;
  [[nodiscard]] core::Result<ov::CompiledModel> load(std::filesystem::path const& file, int threads) const;

 private:
  mutable ov::Core core_;
};

}  // namespace parley::engine
