#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>
#include <future>
#include <memory>
#include <numbers>

#include "core/test_folder.hpp"
#include "engine/openvino/kokoro.hpp"
#include "engine/openvino/kokoro_edges.hpp"
#include "engine/openvino/test_models.hpp"

namespace parley::engine {
namespace {

using testing::HasSubstr;

constexpr std::array<std::u32string_view, 8> mandarin{
    U"ni↓xau↓, xə↓n kau→ɕi↘ŋ ɻə↘nʂɨ↗ ni↓.",
    U"xau↓tɤ, wo↓ ma↓ʂa↘ŋ wei↘ni↗n ꭧʰa↗ɕy↗n.",
    U"ɻə↗nkʊ→ŋ ꭧɨ↘nə↗ŋ ꭧə↘ŋʦai↘ kai↓pjɛ↘n wo↓mən tɤ ʂə→ŋxwo↗ fa→ŋʂɨ↘.",
    U"ꭧʰwə→ntʰjɛ→n lai↗lɤ, xwa→ɥɛ↗nli↓ kʰai→ma↓nlɤ u↓jɛ↗nljou↘sɤ↘ tɤ xwa→two↓, xu↗tje↗ ʦai↘ xwa→ʦʰʊ↗ŋꭧʊ→ŋ fei→lai↗ fei→ʨʰy↘.",
    U"ʨʰi↓ŋ ni↗n ʂau→tə↓ŋ i→ɕja↘, wo↓ pa→ŋni↗n kʰa↘nkʰa↘n mi↗ŋtʰjɛ→n tɤ xa↗ŋpa→n ɕi↘nɕi→.",
    U"twei↘pu↘ʨʰi↓, wo↓ mei↗jou↓ tʰi→ŋʨʰi→ŋꭧʰu↓, nə↗ŋ ʦai↘ ʂwo→ i→pjɛ↘n ma?",
    U"n↗.",
    U"ɚ↘li↗ŋ ɚ↘ljou↘njɛ↗n ʂɨ↗i→ɥe↘ ɚ↘ʂɨ↗sɨ↘ɻɨ↘, ɕi→ŋʨʰi→ɚ↘, ʨʰi↘wə→n li↗ŋɕja↘ sa→ntu↘.",
};
constexpr std::array<std::u32string_view, 6> english{
    U"həlˈO.",
    U"ʃˈʊɹ, ˌI kæn dˈu ðæt fɔɹ ju ɹˈIt əwˈA.",
    U"ðə wˈɛðəɹ ɪn lˈʌndən ɪz kˈOld ænd wˈɛt ðɪs wˈik, sˌO tˈAk æn ˌʌmbɹˈɛlə.",
    U"kʊd ju plˈiz sˈA ðæt əɡˈɛn?",
    U"jˈɛstəɹdˌA, mI bɹˈʌðəɹ bˈɔt sˈɛvən ɡɹˈin ˈæpᵊlz ænd ɐ smˈɔl bˈɑɾəl ʌv mˈɪlk æt ðə mˈɑɹkət.",
    U"ɐ ʤˈɜɹni ʌv ɐ θˈWzᵊnd mˈIlz bəɡˈɪnz wɪð ɐ sˈɪŋɡᵊl stˈɛp.",
};

struct Spoken {
  audio::Samples samples;
  std::size_t blocks = 0;
  std::optional<core::Error> error;
  std::size_t first_block = 0;  ///< samples
};

double correlation(float const* a, float const* b, std::size_t count) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return ab / std::sqrt(aa * bb + 1e-20);
}

/// Where the streamed sound, whose silence was cut, begins in the exact one: the best match within the first 0.8 s. Frames (300
/// samples) and hops of silence (240) both leave it a multiple of 60.
std::size_t offset_in(audio::Samples const& exact, audio::Samples const& streamed) {
  std::size_t best = 0;
  double score = -2;
  for (std::size_t shift = 0; shift < 19200 && shift + 4800 <= exact.size(); shift += 60) {
    double const now = correlation(&exact[shift], streamed.data(), std::min(streamed.size(), exact.size() - shift));
    if (now > score) {
      score = now;
      best = shift;
    }
  }
  return best;
}

std::vector<double> spectrum(float const* samples) {
  constexpr std::size_t size = 512;
  static auto const table = [] {
    std::vector<std::complex<double>> turns(size);
    for (std::size_t i = 0; i < size; ++i) turns[i] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(i) / size);
    return turns;
  }();
  std::vector<double> magnitudes;
  for (std::size_t k = 0; k <= size / 2; ++k) {
    std::complex<double> sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      double const window = 0.5 - 0.5 * table[i].real();
      sum += window * static_cast<double>(samples[i]) * table[k * i % size];
    }
    magnitudes.push_back(std::abs(sum));
  }
  return magnitudes;
}

/// Mean over frames of the root mean square difference of the two spectra in dB; both end 60 dB below the loudest.
double spectral_distance(float const* a, float const* b, std::size_t count) {
  std::vector<std::pair<std::vector<double>, std::vector<double>>> frames;
  double loudest = 0;
  for (std::size_t at = 0; at + 512 <= count; at += 384) {
    frames.emplace_back(spectrum(a + at), spectrum(b + at));
    loudest = std::max(loudest, std::ranges::max(frames.back().first));
  }
  double sum = 0;
  for (auto const& [x, y] : frames) {
    double squares = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      double const d = 20 * std::log10(std::max(x[k], loudest * 1e-3) / std::max(y[k], loudest * 1e-3));
      squares += d * d;
    }
    sum += std::sqrt(squares / static_cast<double>(x.size()));
  }
  return sum / static_cast<double>(frames.size());
}

class KokoroModel : public testing::Test {
 protected:
  struct World {
    OpenVino openvino{test_home() / "cache/openvino"};
    Arbiter arbiter;
    std::shared_ptr<Kokoro> kokoro;
  };

  static void SetUpTestSuite() {
    world_ = std::make_unique<World>();
    auto kokoro = Kokoro::load(world_->openvino, world_->arbiter, test_model("kokoro-82m"));
    ASSERT_TRUE(kokoro) << core::describe(kokoro.error());
    world_->kokoro = std::move(*kokoro);
    for (auto const* voice : {"zf_xiaoxiao", "af_heart"}) {
      std::promise<core::Result<void>> ready;
      world_->kokoro->calibrate(voice, [&](core::Result<void> result) { ready.set_value(std::move(result)); });
      auto const result = ready.get_future().get();
      ASSERT_TRUE(result) << core::describe(result.error());
    }
  }
  static void TearDownTestSuite() { world_.reset(); }

  static Kokoro const& kokoro() { return *world_->kokoro; }

  static Spoken speak(Kokoro const& with, std::u32string_view symbols, std::string const& voice, float speed = 1) {
    Spoken spoken;
    std::promise<void> over;
    auto const job = with.speak(std::u32string(symbols), voice, speed, core::Urgency::first_sound,
                                [&](core::Result<speech::SpokenBlock> block) {
                                  if (!block) {
                                    spoken.error = block.error();
                                    return over.set_value();
                                  }
                                  if (spoken.blocks++ == 0) spoken.first_block = block->samples.size();
                                  spoken.samples.insert(spoken.samples.end(), block->samples.begin(), block->samples.end());
                                  if (block->last) over.set_value();
                                });
    over.get_future().get();
    return spoken;
  }

  static void compare(std::u32string_view symbols, std::string const& voice, double least_correlation, double most_distance) {
    auto const exact = kokoro().exact(std::u32string(symbols), voice, 1);
    ASSERT_TRUE(exact) << core::describe(exact.error());
    auto const spoken = speak(kokoro(), symbols, voice);
    ASSERT_FALSE(spoken.error) << core::describe(*spoken.error);
    ASSERT_GT(spoken.samples.size(), 4800U);
    ASSERT_LE(spoken.samples.size(), exact->size());
    auto const offset = offset_in(*exact, spoken.samples);
    auto const count = std::min(spoken.samples.size(), exact->size() - offset);
    auto const alike = correlation(&(*exact)[offset], spoken.samples.data(), count);
    auto const distance = spectral_distance(&(*exact)[offset], spoken.samples.data(), count);
    std::printf("%-12s %4zu symbols  correlation %.3f  distance %.2f dB\n", voice.c_str(), symbols.size(), alike, distance);
    EXPECT_GT(alike, least_correlation) << symbols.size();
    EXPECT_LT(distance, most_distance) << symbols.size();
    // Nothing that can be heard was cut away before or after.
    for (std::size_t i = 0; i + SpeechEdges::hop < offset; ++i) ASSERT_LT(std::abs((*exact)[i]), 0.03F) << i;
    for (std::size_t i = offset + count; i < exact->size(); ++i) ASSERT_LT(std::abs((*exact)[i]), 0.03F) << i;
  }

  inline static std::unique_ptr<World> world_;
};

TEST_F(KokoroModel, MandarinStreamedSoundsLikeTheWholeClause) {
  for (auto const symbols : mandarin) compare(symbols, "zf_xiaoxiao", 0.9, 2.5);
}

TEST_F(KokoroModel, EnglishStreamedSoundsLikeTheWholeClause) {
  for (auto const symbols : english) compare(symbols, "af_heart", 0.88, symbols.size() < 10 ? 3.5 : 2.6);
}

TEST_F(KokoroModel, TheFirstBlockIsASmallPartOfTheClause) {  // how much earlier that is heard: bench/kokoro_streaming
  auto const spoken = speak(kokoro(), mandarin[3], "zf_xiaoxiao");
  ASSERT_FALSE(spoken.error);
  EXPECT_GT(spoken.blocks, 5U);
  EXPECT_GT(spoken.first_block, 0U);
  EXPECT_LT(spoken.first_block * 4, spoken.samples.size());
}

TEST_F(KokoroModel, SilenceIsCutAtBothEnds) {
  auto const spoken = speak(kokoro(), mandarin[0], "zf_xiaoxiao");
  auto const loud = std::ranges::find_if(spoken.samples, [](float s) { return std::abs(s) > 0.01F; });
  EXPECT_LT(loud - spoken.samples.begin(), 0.09 * audio::spoken_hz);
  auto const last = std::find_if(spoken.samples.rbegin(), spoken.samples.rend(), [](float s) { return std::abs(s) > 0.01F; });
  EXPECT_LT(last - spoken.samples.rbegin(), 0.4 * audio::spoken_hz);
  EXPECT_GT(last - spoken.samples.rbegin(), 0.1 * audio::spoken_hz);
}

TEST_F(KokoroModel, SpeedChangesTheLength) {
  auto const slow = speak(kokoro(), english[1], "af_heart", 0.7F);
  auto const fast = speak(kokoro(), english[1], "af_heart", 1.6F);
  ASSERT_FALSE(slow.error);
  ASSERT_FALSE(fast.error);
  EXPECT_GT(static_cast<double>(slow.samples.size()), 1.5 * static_cast<double>(fast.samples.size()));
}

TEST_F(KokoroModel, AMixIsAVoiceOfItsOwn) {
  EXPECT_TRUE(kokoro().check("zf_xiaoxiao*0.6+zm_yunxi*0.4"));
  auto const one = kokoro().exact(std::u32string(mandarin[1]), "zf_xiaoxiao", 1);
  auto const mixed = kokoro().exact(std::u32string(mandarin[1]), "zf_xiaoxiao*0.6+zm_yunxi*0.4", 1);
  ASSERT_TRUE(one);
  ASSERT_TRUE(mixed);
  EXPECT_NE(*one, *mixed);
}

TEST_F(KokoroModel, MistakesAreErrors) {
  EXPECT_EQ(kokoro().voices().size(), 54U);
  auto const unknown = speak(kokoro(), mandarin[0], "zf_xiaoxao");
  ASSERT_TRUE(unknown.error);
  EXPECT_EQ(unknown.error->code, core::Code::not_found);
  EXPECT_THAT(unknown.error->message, HasSubstr("zf_xiaoxiao"));
  EXPECT_EQ(kokoro().measured("zf_xiaoxao").error().code, core::Code::not_found);
  EXPECT_EQ(speak(kokoro(), U"", "zf_xiaoxiao").error->code, core::Code::invalid);
  EXPECT_EQ(speak(kokoro(), U"漢字", "zf_xiaoxiao").error->code, core::Code::invalid);
  EXPECT_EQ(speak(kokoro(), mandarin[0], "zf_xiaoxiao", 9).error->code, core::Code::invalid);
  EXPECT_EQ(speak(kokoro(), mandarin[0], "zf_xiaoxiao", NAN).error->code, core::Code::invalid);
}

TEST_F(KokoroModel, MoreThanTheModelTakesIsSpokenInPieces) {
  std::u32string text;
  while (text.size() < 560) text += std::u32string(english[2]) + U" ";
  auto const spoken = speak(kokoro(), text, "af_heart", 2.0F);
  ASSERT_FALSE(spoken.error);
  EXPECT_GT(spoken.samples.size(), 12U * audio::spoken_hz);
  EXPECT_TRUE(std::ranges::all_of(spoken.samples, [](float s) { return std::isfinite(s); }));
}

TEST_F(KokoroModel, PunctuationAloneIsAPause) {
  auto const spoken = speak(kokoro(), U".", "zf_xiaoxiao");
  ASSERT_FALSE(spoken.error);
  EXPECT_LT(spoken.samples.size(), 1U * audio::spoken_hz);
}

TEST_F(KokoroModel, CancellingStopsWithinAStep) {
  std::atomic<int> blocks = 0;
  core::Job job;
  std::promise<void> first;
  job = kokoro().speak(std::u32string(mandarin[3]), "zf_xiaoxiao", 1, core::Urgency::first_sound,
                       [&](core::Result<speech::SpokenBlock> block) {
                         ASSERT_TRUE(block);
                         if (blocks++ == 0) first.set_value();
                       });
  first.get_future().get();
  job.cancel();
  int const then = blocks;  // this thread may have come late to it
  // What is asked for behind it comes at once, so nothing of the cancelled clause is still waiting.
  ASSERT_FALSE(speak(kokoro(), mandarin[0], "zf_xiaoxiao").error);
  EXPECT_LE(blocks, then + 1);
}

TEST_F(KokoroModel, AVoiceThatWasNeverMeasuredSpeaksAtOnce) {
  core::TestFolder const folder;
  for (auto const& entry : std::filesystem::directory_iterator(test_model("kokoro-82m"))) {
    if (entry.path().filename() != "calibration") {
      std::filesystem::create_symlink(std::filesystem::canonical(entry.path()), folder / entry.path().filename());
    }
  }
  {
    auto const fresh = Kokoro::load(world_->openvino, world_->arbiter, folder);
    ASSERT_TRUE(fresh) << core::describe(fresh.error());
    EXPECT_FALSE(*(*fresh)->measured("af_heart"));
    EXPECT_TRUE(*kokoro().measured("af_heart"));
    auto const exact = kokoro().exact(std::u32string(english[3]), "af_heart", 1);
    auto const spoken = speak(**fresh, english[3], "af_heart");
    ASSERT_FALSE(spoken.error);
    auto const offset = offset_in(*exact, spoken.samples);
    auto const count = std::min(spoken.samples.size(), exact->size() - offset);
    EXPECT_GT(correlation(&(*exact)[offset], spoken.samples.data(), count), 0.999);
  }
}

}  // namespace
}  // namespace parley::engine
