#include "engine/openvino/windows.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace parley::engine {
namespace {

constexpr std::array lengths{32, 64, 96};
constexpr int context = 10;

std::vector<Window> all(int total) {
  std::vector<Window> windows;
  for (int done = 0; done < total; done = windows.back().keep_end)
    windows.push_back(next_window(total, done, lengths, context));
  return windows;
}

TEST(Windows, TheFirstIsShortAndALaterOneIsTheShortestThatFinishes) {
  EXPECT_EQ(all(20), (std::vector<Window>{{0, 32, 0, 20}}));
  EXPECT_EQ(all(32), (std::vector<Window>{{0, 32, 0, 32}}));
  EXPECT_EQ(all(40), (std::vector<Window>{{0, 32, 0, 22}, {8, 32, 22, 40}}));
  EXPECT_EQ(all(76), (std::vector<Window>{{0, 32, 0, 22}, {12, 64, 22, 76}}));
  EXPECT_EQ(all(200), (std::vector<Window>{{0, 32, 0, 22}, {12, 64, 22, 66}, {56, 96, 66, 142}, {104, 96, 142, 200}}));
}

TEST(Windows, CoverEveryFrameOnceWithContextOrAnEdgeOnBothSides) {
  for (int total = 1; total < 700; ++total) {
    int done = 0;
    for (auto const& window : all(total)) {
      ASSERT_EQ(window.keep_begin, done);
      ASSERT_GT(window.keep_end, done);
      ASSERT_LE(window.keep_end, total);
      ASSERT_GE(window.begin, 0);
      ASSERT_TRUE(total < lengths.front() || window.begin + window.length <= total) << total;
      ASSERT_TRUE(window.begin == 0 || window.keep_begin - window.begin >= context) << total;
      ASSERT_TRUE(window.keep_end == total || window.begin + window.length - window.keep_end >= context) << total;
      done = window.keep_end;
    }
    ASSERT_EQ(done, total);
  }
}

// A stand-in for a network: each output depends on `context` frames to both sides, and the edges count as zeros.
std::vector<double> blur(std::vector<double> const& in) {
  std::vector<double> out(in.size(), 0.0);
  int const n = static_cast<int>(in.size());
  for (int i = 0; i < n; ++i) {
    for (int j = std::max(0, i - context); j <= std::min(n - 1, i + context); ++j) {
      out[static_cast<std::size_t>(i)] += in[static_cast<std::size_t>(j)] / (1 + std::abs(i - j));
    }
  }
  return out;
}

TEST(Windows, GiveExactlyWhatTheWholeGives) {
  for (int const total : {5, 31, 33, 64, 95, 97, 301}) {
    std::vector<double> signal(static_cast<std::size_t>(total));
    for (std::size_t i = 0; i < signal.size(); ++i) signal[i] = std::sin(static_cast<double>(i * i));
    auto const whole = blur(signal);
    std::vector<double> pieces;
    for (auto const& window : all(total)) {
      std::vector<double> part(static_cast<std::size_t>(window.length), 0.0);
      for (int i = 0; i < window.length && window.begin + i < total; ++i) {
        part[static_cast<std::size_t>(i)] = signal[static_cast<std::size_t>(window.begin + i)];
      }
      auto const out = blur(part);
      pieces.insert(pieces.end(), out.begin() + (window.keep_begin - window.begin),
                    out.begin() + (window.keep_end - window.begin));
    }
    EXPECT_THAT(pieces, testing::Pointwise(testing::DoubleNear(1e-12), whole)) << total;
  }
}

}  // namespace
}  // namespace parley::engine
