#include "language/text_end.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>

namespace parley::language {
namespace {

TokenScore::Choice choice(std::string bytes, double probability) {
  return {std::move(bytes), static_cast<float>(std::log(probability))};
}

/// Says these are what may come next, then finishes.
class Next final : public Model {
 public:
  explicit Next(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}
  std::string name() const override { return "next"; }
  core::Job generate(GenerateRequest request, Sink sink) override {
    asked = std::move(request);
    for (auto const& piece : pieces_) sink(piece);
    return {};
  }
  core::Job prepare(std::vector<Message>, core::Urgency) override { return {}; }
  GenerateRequest asked;

 private:
  std::vector<Piece> pieces_;
};

core::Result<float> told_by(std::shared_ptr<Next> const& model, std::string_view text) {
  int times = 0;
  core::Result<float> told = 0.0F;
  GenerateRequest asked;
  asked.messages = {{Speaker::system, "你是小鹿。"}, {Speaker::user, std::string(text)}};
  auto const job = ModelTextEnd(model).predict(std::move(asked), [&](core::Result<float> p) {
    told = std::move(p);
    ++times;
  });
  EXPECT_EQ(times, 1);
  return told;
}

Delta next(std::vector<TokenScore::Choice> likeliest) { return {"x", {{likeliest.front(), likeliest}}}; }

TEST(TextEnd, CountsMarksThatEndAndThoseThatDoNot) {
  auto const p = [](std::vector<TokenScore::Choice> likeliest) { return probability_of_end({likeliest.front(), likeliest}); };
  EXPECT_NEAR(p({choice("。", 0.3), choice("？\n", 0.1), choice("明天", 0.2)}), 0.4, 1e-5);
  EXPECT_NEAR(p({choice("，", 0.6), choice("。", 0.2)}), 0.05, 1e-5) << "a comma is likelier: it wants another clause";
  EXPECT_NEAR(p({choice(" .", 0.5), choice(" ", 0.2)}), 0.5, 1e-5);
  EXPECT_EQ(p({choice(" tomorrow", 0.9), choice(",", 0.05)}), 0);
  EXPECT_EQ(p({choice("\xE4\xBB", 0.9)}), 0) << "half a character";
}

TEST(TextEnd, TheMarkOfTheRecogniserIsNotShown) {
  auto const model = std::make_shared<Next>(std::vector<Piece>{next({choice("。", 0.5)}), Finish{FinishReason::length, {}}});
  EXPECT_NEAR(*told_by(model, "我想订一张去北京的票。 "), 0.5, 1e-5);
  EXPECT_EQ(model->asked.messages.at(1).text, "我想订一张去北京的票");
  EXPECT_TRUE(model->asked.unfinished);
  EXPECT_EQ(model->asked.sampling.max_tokens, 1);
  (void)told_by(model, "Well, because...");
  EXPECT_EQ(model->asked.messages.at(1).text, "Well, because");
}

TEST(TextEnd, NothingToAddIsAnEndAndAFailureIsTold) {
  EXPECT_EQ(*told_by(std::make_shared<Next>(std::vector<Piece>{Finish{}}), "好"), 1.0F);
  auto const failed = told_by(std::make_shared<Next>(std::vector<Piece>{core::Error{core::Code::busy, "full", "", {}}}), "好");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, core::Code::busy);
}

}  // namespace
}  // namespace parley::language
