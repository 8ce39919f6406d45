#pragma once
// OpenVINO for all the small networks: one ov::Core, compiled models cached on disk, every inference on the calling thread and
// the pool it wakes for that call only, so that the arbiter stays the owner of the cores.
#include <filesystem>
#include <openvino/openvino.hpp>

#include "core/result.hpp"

namespace parley::engine {

/// Whether this processor sums up products of 8-bit numbers in 32 bits. Older x86 processors do it in 16, which overflow: Smart
/// Turn then said 0.46 where 0.77 is right.
[[nodiscard]] bool sums_bytes_exactly();

class OpenVino {
 public:
  /// `cache`: where compiled models are kept between runs; made if missing. `bytes`: networks that were quantised to 8 bits are
  /// computed so; else in floats.
  explicit OpenVino(std::filesystem::path const& cache, bool bytes = sums_bytes_exactly());

  [[nodiscard]] core::Result<std::shared_ptr<ov::Model>> read(std::filesystem::path const& file) const;

  /// `threads`: 1 for what runs beside the arbiter (voice activity), all cores for what runs inside it.
  [[nodiscard]] core::Result<ov::CompiledModel> compile(std::shared_ptr<ov::Model> const& model, int threads) const;
  [[nodiscard]] core::Result<ov::CompiledModel> load(std::filesystem::path const& file, int threads) const;

 private:
  mutable ov::Core core_;
  bool bytes_;
};

}  // namespace parley::engine
