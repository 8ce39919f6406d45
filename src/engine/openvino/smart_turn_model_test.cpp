#include <gmock/gmock.h>

#include <future>
#include <latch>

#include "engine/openvino/smart_turn.hpp"
#include "engine/openvino/test_models.hpp"

namespace parley::engine {
namespace {

class SmartTurnModel : public testing::Test {
 protected:
  OpenVino openvino_{test_home() / "openvino"};
  Arbiter arbiter_;
  std::shared_ptr<SmartTurn> smart_turn_;

  void SetUp() override { load(openvino_); }

  void load(OpenVino const& openvino) {
    auto loaded = SmartTurn::load(openvino, arbiter_, test_model("smart-turn-v3.2") / SmartTurn::file_name);
    ASSERT_TRUE(loaded) << core::describe(loaded.error());
    smart_turn_ = *loaded;
  }

  void agrees();

  float ask(std::span<float const> samples) {
    std::promise<core::Result<float>> answer;
    auto const job = smart_turn_->predict(std::make_shared<audio::Samples const>(samples.begin(), samples.end()),
                                          [&](core::Result<float> p) { answer.set_value(std::move(p)); });
    return answer.get_future().get().value();
  }
};

struct Cut {
  double seconds;
  float low, high;
};

// Expected values: the publisher's feature extraction (numpy) and ONNX Runtime on the same recording, with its optimisations
// and without. The network is quantised to 8 bits, so the two differ by up to 0.08, and a third engine is as good as either.
void SmartTurnModel::agrees() {
  auto const speech = test_speech();
  ASSERT_TRUE(speech) << core::describe(speech.error());
  for (auto const& [seconds, low, high] : {Cut{1.0, 0.0067F, 0.0067F},
                                           {2.0, 0.0072F, 0.0081F},
                                           {2.4, 0.9381F, 0.9605F},
                                           {3.0, 0.9381F, 0.9697F},
                                           {3.5, 0.0170F, 0.0250F},
                                           {6.0, 0.0554F, 0.0800F},
                                           {8.0, 0.0191F, 0.0303F},
                                           {9.5, 0.0140F, 0.0146F},
                                           {10.5, 0.9425F, 0.9589F},
                                           {11.0, 0.7722F, 0.8548F}}) {
    auto const heard = std::span(speech->samples).first(static_cast<std::size_t>(seconds * audio::heard_hz));
    float const probability = ask(heard);
    EXPECT_GT(probability, low - 0.02F) << "after " << seconds << " s";
    EXPECT_LT(probability, high + 0.02F) << "after " << seconds << " s";
  }
}

TEST_F(SmartTurnModel, AgreesWithTheReference) { agrees(); }

// As it is computed where a processor's sums of bytes overflow.
TEST_F(SmartTurnModel, AgreesInFloatsToo) {
  load(OpenVino(test_home() / "openvino", false));
  agrees();
}

TEST_F(SmartTurnModel, AnswersForNothingAndForMuch) {
  EXPECT_GE(ask({}), 0.0F);
  auto const speech = test_speech();
  ASSERT_TRUE(speech);
  audio::Samples twice = speech->samples;
  twice.insert(twice.end(), speech->samples.begin(), speech->samples.end());
  EXPECT_FLOAT_EQ(ask(twice), ask(speech->samples)) << "only the last 8 s count";
}

TEST_F(SmartTurnModel, IsSilentAfterACancellation) {
  std::latch begun(1), go(1);
  auto const blocker = arbiter_.submit(core::Urgency::running_dry, [&](std::stop_token) {
    begun.count_down();
    go.wait();
    return Step::done;
  });
  begun.wait();
  bool called = false;
  auto job = smart_turn_->predict(std::make_shared<audio::Samples const>(16000, 0.0F), [&](auto const&) { called = true; });
  job.cancel();
  go.count_down();
  (void)ask(audio::Samples(16000, 0.0F));  // stands behind the cancelled one
  EXPECT_FALSE(called);
}

TEST_F(SmartTurnModel, SaysWhatIsWrongWithAFile) {
  auto const other = SmartTurn::load(openvino_, arbiter_, test_model("silero-vad") / "silero_vad_openvino_16k.onnx");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, core::Code::invalid);
  EXPECT_EQ(SmartTurn::load(openvino_, arbiter_, "absent.onnx").error().code, core::Code::not_found);
}

}  // namespace
}  // namespace parley::engine
