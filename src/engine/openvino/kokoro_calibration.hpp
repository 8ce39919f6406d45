#pragma once
// Kokoro's vocoder normalises every channel by its mean and variance over the whole clause (AdaIN). Sound that is made window
// by window cannot know them, so they are foretold: measured on a few sentences of many lengths, and averaged with the weight
// on sentences about as long as the clause. Length is what they depend on most (silence at both ends, and a style of its own
// for every length): against the exact clause this gives a log-spectral distance of 1.0–1.5 dB instead of 2.2–2.5 dB for one
// average over everything, and very short clauses keep their loudness.
#include <cstddef>
#include <filesystem>
#include <vector>

#include "core/result.hpp"
#include "engine/openvino/kokoro_networks.hpp"

namespace parley::engine {

/// What was measured in one sentence.
struct CalibrationPoint {
  std::size_t symbols = 0;
  int frames = 0;
  int early = 0;  ///< by how many frames its sound began before the silence that the front gave it ends
  KokoroMoments moments;
};

/// The means and variances to expect in a clause of so many symbols: E[x] and E[x²] averaged over the frames of all points,
/// each weighted by exp(-½ (ln(symbols/its symbols)/0.3)²). At least one point, all of one size.
[[nodiscard]] KokoroMoments expected_moments(std::vector<CalibrationPoint> const& points, std::size_t symbols);

/// Points as a file of float32; written whole or not at all. An Error only says that the next run will measure again.
[[nodiscard]] core::Result<void> write_points(std::filesystem::path const& file, std::vector<CalibrationPoint> const& points);
/// not_found when there is no such file, invalid when it is not `count` points of one size and finite.
[[nodiscard]] core::Result<std::vector<CalibrationPoint>> read_points(std::filesystem::path const& file, std::size_t count);

}  // namespace parley::engine
