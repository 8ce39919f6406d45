#include "engine/ggml/whisper_utterance.hpp"

#include <gtest/gtest.h>

#include "audio/format.hpp"

namespace parley::engine {
namespace {

using core::Urgency;

constexpr std::size_t hz = audio::heard_hz;

WhisperUtterance utterance() {
  return {{}, [](auto const&) {}};
}

TEST(WhisperUtterance, CutsAtTheQuietestMoment) {
  std::vector<float> samples(20 * hz, 0.3F);
  std::fill(samples.begin() + 15 * hz, samples.begin() + 15 * hz + hz / 4, 0.001F);
  std::fill(samples.begin() + 3 * hz, samples.begin() + 4 * hz, 0.0F);  // quieter, but too early
  std::size_t const cut = quietest_moment(samples, 12 * hz);
  EXPECT_GE(cut, 15 * hz);
  EXPECT_LE(cut, 15 * hz + hz / 4);
}

TEST(WhisperUtterance, ANewerRequestReplacesOneThatHasNotBegun) {
  auto it = utterance();
  auto const first = it.ask(1, Urgency::partial);
  auto const second = it.ask(2, Urgency::partial);
  EXPECT_TRUE(first->dropped);
  it.begin(second);
  auto const third = it.ask(3, Urgency::partial);
  EXPECT_FALSE(second->dropped) << "it has begun, and the newer one is no more urgent";
  auto const last = it.ask(4, Urgency::final_transcript);
  EXPECT_TRUE(second->dropped);
  EXPECT_TRUE(third->dropped);
  EXPECT_FALSE(last->dropped);
  it.close();
  EXPECT_TRUE(last->dropped);
}

TEST(WhisperUtterance, ARequestCoversWhatHadBeenHeardByThen) {
  auto it = utterance();
  std::vector<float> const second(hz, 0.1F);
  EXPECT_FALSE(it.push(second));
  auto const request = it.ask(1, Urgency::partial);
  EXPECT_FALSE(it.push(second));
  auto const window = it.next_window(request->until);
  EXPECT_EQ(window.samples.size(), hz);
  EXPECT_TRUE(window.last);
}

TEST(WhisperUtterance, ALongSpeechGoesWindowByWindowAndNothingIsLost) {
  auto it = utterance();
  std::size_t total = 0;
  bool piled_up = false;
  for (int i = 0; i < 50; ++i) {
    std::vector<float> const part(hz, 0.1F + 0.001F * static_cast<float>(i));
    piled_up = it.push(part);
    total += part.size();
  }
  EXPECT_TRUE(piled_up) << "50 s that nobody asked for";
  auto const request = it.ask(1, Urgency::final_transcript);
  std::size_t seen = 0;
  for (;;) {
    auto const window = it.next_window(request->until);
    EXPECT_EQ(window.first, static_cast<std::int64_t>(seen));
    EXPECT_LE(window.samples.size(), 20 * hz);
    seen += window.samples.size();
    if (window.last) break;
    EXPECT_GE(window.samples.size(), 12 * hz);
    it.settle(window, "part", {}, {"", "en", -1.0, 4});
  }
  EXPECT_EQ(seen, total);
  auto const settled = it.settled();
  EXPECT_EQ(settled.language, "en");
  EXPECT_EQ(settled.text.substr(0, 9), "part part");
}

TEST(WhisperUtterance, TheSameWindowIsSettledOnce) {
  auto it = utterance();
  (void)it.push(std::vector<float>(25 * hz, 0.1F));
  auto const window = it.next_window(25 * hz);
  ASSERT_FALSE(window.last);
  it.settle(window, "once", {}, {"", "en", -1.0, 1});
  it.settle(window, "once", {}, {"", "en", -1.0, 1});  // another request was at it too
  EXPECT_EQ(it.settled().text, "once");
  EXPECT_EQ(it.settled().tokens, 1);
  EXPECT_EQ(it.next_window(0).samples.size(), 0U) << "an old request: all of it is settled";
}

}  // namespace
}  // namespace parley::engine
