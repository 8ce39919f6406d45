#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <future>
#include <numeric>

#include "core/test_folder.hpp"
#include "engine/openvino/piper.hpp"
#include "engine/openvino/piper_networks.hpp"
#include "engine/openvino/test_models.hpp"
#include "engine/phonemes/espeak.hpp"

namespace parley::engine {
namespace {

// What espeak-ng says (en-us) of the sentences below: the tests of the voice need no espeak-ng.
constexpr char const* short_phonemes = "həlˈoʊ.";
constexpr char const* long_phonemes =
    "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ, ænd ðˈɛn ɪt ɹˈʌnz ɐwˈeɪ ɪntʊ ðə wˈʊdz wˌɛɹ nˈoʊbɑːdi kæn "
    "fˈaɪnd ɪt ɐɡˈɛn ʌntˈɪl mˈɔːɹnɪŋ.";

core::Result<std::string> fixed_phonemes(std::string_view text, std::string const& voice) {
  EXPECT_EQ(voice, "en-us");
  if (text == "Hello." || text == "Pay twelve dollars and fifty cents.") return short_phonemes;
  if (text == "fail") return core::fail(core::Code::unavailable, "espeak-ng is not installed");
  if (text == "…") return "";
  if (text == "twice") return std::string(long_phonemes) + " " + long_phonemes;
  return long_phonemes;
}

struct Spoken {
  audio::Samples samples;
  std::vector<std::size_t> blocks;
  std::optional<core::Error> error;
  std::chrono::nanoseconds first{}, whole{};
};

class PiperModel : public testing::Test {
 protected:
  struct Loaded {
    OpenVino openvino{test_home() / "openvino"};
    Arbiter arbiter;
    core::Result<std::shared_ptr<Piper>> piper = Piper::load(openvino, arbiter, directory(), fixed_phonemes);
  };
  static std::filesystem::path directory() { return test_model("piper-en-us-joe-medium"); }
  static Loaded& loaded() {  // once for all tests: loading takes a second
    static Loaded loaded;
    return loaded;
  }

  void SetUp() override { ASSERT_TRUE(loaded().piper) << core::describe(loaded().piper.error()); }
  OpenVino& openvino_ = loaded().openvino;
  Arbiter& arbiter_ = loaded().arbiter;
  Piper const& piper() const { return **loaded().piper; }

  Spoken speak(std::string text, float speed = 1.0F, std::string voice = "piper:en_US-joe-medium") {
    Spoken spoken;
    std::promise<void> ended;
    auto const begin = std::chrono::steady_clock::now();
    auto const job =
        piper().speak({std::move(text), "en", std::move(voice), speed}, [&](core::Result<speech::SpokenBlock> block) {
          spoken.whole = std::chrono::steady_clock::now() - begin;
          if (spoken.blocks.empty()) spoken.first = spoken.whole;
          if (!block) {
            spoken.error = block.error();
            return ended.set_value();
          }
          spoken.blocks.push_back(block->samples.size());
          spoken.samples.insert(spoken.samples.end(), block->samples.begin(), block->samples.end());
          if (block->last) ended.set_value();
        });
    ended.get_future().wait();
    return spoken;
  }
  static double seconds(Spoken const& spoken) { return static_cast<double>(spoken.samples.size()) / audio::spoken_hz; }
  static double loudness(std::span<float const> samples) {
    double const sum = std::inner_product(samples.begin(), samples.end(), samples.begin(), 0.0);
    return std::sqrt(sum / static_cast<double>(samples.size()));
  }
};

double correlation(std::span<float const> a, std::span<float const> b) {
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

TEST_F(PiperModel, WindowsEqualTheUncutNetworks) {
  auto const networks = PiperNetworks::load(openvino_, directory(), 2);
  ASSERT_TRUE(networks) << core::describe(networks.error());
  auto pieces = (*networks)->voice().pieces(short_phonemes, PiperNetworks::most_ids);
  std::ranges::move((*networks)->voice().pieces(long_phonemes, PiperNetworks::most_ids), std::back_inserter(pieces));
  ASSERT_EQ(pieces.size(), 3U);
  for (auto const& ids : pieces) {
    auto latent = (*networks)->front(ids, 1.0F, 1);
    ASSERT_TRUE(latent) << core::describe(latent.error());

    // Flow and decoder at the clause's own length, as the voice was published.
    auto const frames = static_cast<std::size_t>(latent->frames);
    auto flow = openvino_.load(directory() / "flow.xml", 2)->create_infer_request();
    auto decoder = openvino_.load(directory() / "decoder.xml", 2)->create_infer_request();
    std::vector<float> mask(frames, 1.0F);
    flow.set_tensor("latent", ov::Tensor(ov::element::f32, {1, 192, frames}, latent->values.data()));
    flow.set_tensor("mask", ov::Tensor(ov::element::f32, {1, 1, frames}, mask.data()));
    flow.infer();
    decoder.set_tensor("z", flow.get_tensor("z"));
    decoder.infer();
    auto const wave = decoder.get_tensor("wave");
    std::span const whole(wave.data<float const>(), wave.get_size());

    audio::Samples windows;
    PiperDecoding decoding(*networks, *latent);
    while (!decoding.finished()) {
      auto const samples = decoding.next();
      ASSERT_TRUE(samples) << core::describe(samples.error());
      windows.insert(windows.end(), samples->begin(), samples->end());
    }
    ASSERT_EQ(windows.size(), whole.size());
    EXPECT_GT(correlation(windows, whole), 0.99999);
    double worst = 0;
    for (std::size_t i = 0; i < windows.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(windows[i]) - whole[i]));
    EXPECT_LT(worst, 1e-3);
  }
}

TEST_F(PiperModel, SpeaksAtAPlausibleLengthAndLoudness) {
  auto const hello = speak("Hello.");
  EXPECT_GT(seconds(hello), 0.3);
  EXPECT_LT(seconds(hello), 1.2);
  auto const fox = speak("The quick brown fox.");
  EXPECT_GT(seconds(fox), 4.0);
  EXPECT_LT(seconds(fox), 10.0);
  EXPECT_GT(loudness(fox.samples), 0.02);
  EXPECT_LT(*std::ranges::max_element(fox.samples), 1.1F);
  for (float const v : fox.samples) ASSERT_TRUE(std::isfinite(v));
}

TEST_F(PiperModel, TheFirstSoundIsThereLongBeforeTheLast) {
  (void)speak("warm");
  double best = 1;  // of three: another program may have the processor for a while
  Spoken fox;
  for (int i = 0; i < 3; ++i) {
    fox = speak("The quick brown fox.");
    best = std::min(best, static_cast<double>(fox.first.count()) / static_cast<double>(fox.whole.count()));
  }
  ASSERT_GT(fox.blocks.size(), 3U);
  EXPECT_LT(best, 1.0 / 3);
  EXPECT_GT(fox.blocks[0], audio::spoken_hz / 5U) << "enough to cover the next window";
}

TEST_F(PiperModel, TheSameRequestGivesTheSameSamples) { EXPECT_EQ(speak("Hello.").samples, speak("Hello.").samples); }

TEST_F(PiperModel, SpeedChangesTheLength) {
  double const normal = seconds(speak("The quick brown fox."));
  EXPECT_NEAR(seconds(speak("The quick brown fox.", 2.0F)) / normal, 0.5, 0.02);
  EXPECT_NEAR(seconds(speak("The quick brown fox.", 0.5F)) / normal, 2.0, 0.05);
  EXPECT_GT(seconds(speak("Hello.", 4.0F)), 0.05) << "shorter than one window";
  for (float const wrong : {0.0F, 4.5F, std::nanf("")}) EXPECT_EQ(speak("Hello.", wrong).error->subject, "speed");
}

TEST_F(PiperModel, SpeaksMoreThanOnePieceOneAfterTheOther) {
  EXPECT_NEAR(seconds(speak("twice")), 2 * seconds(speak("once")), 1.0);
}

TEST_F(PiperModel, SaysNothingForNothingAndPassesErrorsOn) {
  auto const nothing = speak("…");
  EXPECT_FALSE(nothing.error);
  EXPECT_THAT(nothing.blocks, testing::ElementsAre(0U));
  EXPECT_EQ(speak("fail").error->code, core::Code::unavailable);
  EXPECT_EQ(speak("Hello.", 1.0F, "piper:nobody").error->subject, "voice");
}

TEST_F(PiperModel, SpeaksTheEnglishInAMixedClauseAndRefusesAChineseOne) {
  auto const refused = speak("你好，很高兴认识你。");
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, core::Code::invalid);
  EXPECT_THAT(refused.error->message, testing::HasSubstr("Chinese"));
  EXPECT_EQ(speak("Hello你好.").samples, speak("Hello.").samples);
}

TEST_F(PiperModel, SpeaksNumbersInWords) { EXPECT_EQ(speak("Pay **$12.50**.").samples, speak("Hello.").samples); }

TEST_F(PiperModel, TakesEspeaksPhonemes) {
  auto const espeak = std::make_shared<Espeak>();
  if (auto const there = espeak->phonemes("a", "en-us"); !there) GTEST_SKIP() << core::describe(there.error());
  auto const real = Piper::load(openvino_, arbiter_, directory(), [espeak](std::string_view text, std::string const& voice) {
    return espeak->phonemes(text, voice);
  });
  ASSERT_TRUE(real);
  std::promise<std::size_t> length;
  auto const job = (*real)->speak({"Hello.", "en", "piper:en_US-joe-medium"},
                                  [&, total = std::size_t{0}](core::Result<speech::SpokenBlock> const& block) mutable {
                                    total += block.value().samples.size();
                                    if (block->last) length.set_value(total);
                                  });
  EXPECT_EQ(length.get_future().get(), speak("Hello.").samples.size());
}

TEST_F(PiperModel, StopsWithinAStepOfACancellation) {
  std::atomic<int> blocks = 0;
  std::promise<void> first;
  auto job =
      piper().speak({"The quick brown fox.", "en", "piper:en_US-joe-medium"}, [&](core::Result<speech::SpokenBlock> const&) {
        if (++blocks == 1) {
          first.set_value();
        }
      });
  first.get_future().wait();
  job.cancel();
  int const then = blocks;  // this thread may have come late to it
  (void)speak("Hello.");    // at lower urgency than what is left of the cancelled clause
  EXPECT_LE(blocks, then + 1);
  int const ended = blocks;
  (void)speak("Hello.");
  EXPECT_EQ(blocks, ended);
}

TEST_F(PiperModel, ListsItsVoice) {
  ASSERT_EQ(piper().voices().size(), 1U);
  EXPECT_EQ(piper().voices()[0].name, "piper:en_US-joe-medium");
  EXPECT_THAT(piper().voices()[0].languages, testing::ElementsAre("en"));
  EXPECT_TRUE(piper().check("piper:en_US-joe-medium"));
  EXPECT_EQ(piper().check("kokoro:zf_xiaoxiao").error().code, core::Code::not_found);
}

TEST_F(PiperModel, SaysWhatIsWrongWithItsFiles) {
  EXPECT_EQ(Piper::load(openvino_, arbiter_, "absent", fixed_phonemes).error().code, core::Code::not_found);
  core::TestFolder const folder;
  auto const copy = folder / "broken";
  std::filesystem::copy(directory(), copy, std::filesystem::copy_options::recursive);
  std::filesystem::resize_file(copy / "flow.bin", 1000);
  auto const broken = Piper::load(openvino_, arbiter_, copy, fixed_phonemes);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, core::Code::invalid);
}

}  // namespace
}  // namespace parley::engine
