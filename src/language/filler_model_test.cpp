#include "language/filler_model.hpp"

#include <gmock/gmock.h>

namespace parley::language {
namespace {

/// Asks for the weather, twice, with or without a word before.
class Asking final : public Model {
 public:
  explicit Asking(std::string words) : words_(std::move(words)) {}
  std::string name() const override { return "asking"; }
  core::Job generate(GenerateRequest, Sink sink) override {
    if (!words_.empty()) sink(Delta{words_});
    sink(ToolCallBegan{"call_1", "weather"});
    sink(ToolCallArguments{"call_1", "{}"});
    sink(ToolCallBegan{"call_2", "weather"});
    sink(Finish{FinishReason::tool_calls, {}});
    return {};
  }
  core::Job prepare(std::vector<Message>, core::Urgency) override { return {}; }

 private:
  std::string words_;
};

/// What is said, "!" where a function is asked for.
std::string said(std::string const& words, Speaker last, bool tools = true) {
  FillerModel model(std::make_shared<Asking>(words), "我查一下。");
  GenerateRequest request;
  request.messages = {{last, "北京天气怎么样？"}};
  if (tools) request.tools = {{"weather", "", "{}"}};
  std::string out;
  auto const job = model.generate(request, [&](Piece const& piece) {
    if (auto const* delta = std::get_if<Delta>(&piece)) out += delta->text;
    if (std::holds_alternative<ToolCallBegan>(piece)) out += "!";
  });
  return out;
}

TEST(FillerModel, SaysASentenceWhereItWouldAskInSilence) {
  EXPECT_EQ(said("", Speaker::user), "我查一下。!!");
  EXPECT_EQ(said(" ", Speaker::user), " 我查一下。!!");
  EXPECT_EQ(said("请稍等。", Speaker::user), "请稍等。!!");
  EXPECT_EQ(said("", Speaker::tool), "!!") << "it has been said this turn";
  EXPECT_EQ(said("", Speaker::user, false), "!!");
}

}  // namespace
}  // namespace parley::language
