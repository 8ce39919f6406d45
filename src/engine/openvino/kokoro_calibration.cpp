#include "engine/openvino/kokoro_calibration.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace parley::engine {
namespace {

constexpr double spread = 0.3;  // of the logarithm of the length; 0.2–0.5 do about as well
constexpr std::size_t head_floats = 3;

}  // namespace

KokoroMoments expected_moments(std::vector<CalibrationPoint> const& points, std::size_t symbols) {
  std::vector<double> weights;
  double const length = std::log(static_cast<double>(std::max<std::size_t>(symbols, 1)));
  for (auto const& point : points) {
    double const distance = (length - std::log(static_cast<double>(std::max<std::size_t>(point.symbols, 1)))) / spread;
    weights.push_back(-0.5 * distance * distance);
  }
  double const nearest = *std::ranges::max_element(weights);  // far from all of them, the nearest still counts fully
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    weights[i] = std::exp(weights[i] - nearest) * points[i].frames;
    sum += weights[i];
  }
  std::size_t const channels = points.front().moments.mean.size();
  KokoroMoments expected{std::vector<float>(channels), std::vector<float>(channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    double mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      auto const own = static_cast<double>(points[i].moments.mean[c]);
      mean += weights[i] * own;
      square += weights[i] * (static_cast<double>(points[i].moments.variance[c]) + own * own);
    }
    mean /= sum;
    expected.mean[c] = static_cast<float>(mean);
    expected.variance[c] = static_cast<float>(std::max(0.0, square / sum - mean * mean));
  }
  return expected;
}

core::Result<void> write_points(std::filesystem::path const& file, std::vector<CalibrationPoint> const& points) {
  auto const draft = std::filesystem::path(fmt::format("{}.{}.draft", file.string(), ::getpid()));
  std::error_code wrong;
  std::filesystem::create_directories(file.parent_path(), wrong);
  {
    std::ofstream stream(draft, std::ios::binary);
    auto const put = [&](float const* values, std::size_t count) {
      stream.write(reinterpret_cast<char const*>(values), static_cast<std::streamsize>(count * sizeof(float)));
    };
    for (auto const& point : points) {
      std::array<float, head_floats> const head{static_cast<float>(point.symbols), static_cast<float>(point.frames),
                                                static_cast<float>(point.early)};
      put(head.data(), head.size());
      put(point.moments.mean.data(), point.moments.mean.size());
      put(point.moments.variance.data(), point.moments.variance.size());
    }
    stream.close();
    if (!stream) wrong = std::make_error_code(std::errc::io_error);
  }
  if (!wrong) std::filesystem::rename(draft, file, wrong);
  if (!wrong) return {};
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  return core::fail(core::Code::unavailable, "what was measured of a voice could not be kept: " + wrong.message(),
                    file.string());
}

core::Result<std::vector<CalibrationPoint>> read_points(std::filesystem::path const& file, std::size_t count) {
  std::error_code wrong;
  auto const bytes = std::filesystem::file_size(file, wrong);
  if (wrong) return core::fail(core::Code::not_found, "this voice has not been measured yet", file.string());
  auto const bad = core::fail(core::Code::invalid, "this is not a measured voice; it will be measured again", file.string());
  if (count == 0 || bytes % (count * sizeof(float)) != 0) return bad;
  auto const floats = bytes / sizeof(float) / count;
  if (floats <= head_floats || (floats - head_floats) % 2 != 0) return bad;
  auto const channels = (floats - head_floats) / 2;
  std::ifstream stream(file, std::ios::binary);
  std::vector<CalibrationPoint> points;
  std::vector<float> values(floats);
  for (std::size_t i = 0; i < count; ++i) {
    if (!stream.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(floats * sizeof(float)))) return bad;
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); })) return bad;
    if (!(values[0] >= 1 && values[0] <= 1e6F && values[1] >= 1 && values[1] <= 1e6F)) return bad;
    if (!(values[2] >= 0 && values[2] <= values[1])) return bad;
    auto const mean = values.begin() + head_floats;
    auto const variance = mean + static_cast<std::ptrdiff_t>(channels);
    points.push_back({static_cast<std::size_t>(values[0]),
                      static_cast<int>(values[1]),
                      static_cast<int>(values[2]),
                      {{mean, variance}, {variance, values.end()}}});
  }
  return points;
}

}  // namespace parley::engine
