// Two models asked for one answer, and a model that does not fall silent.
#include <gmock/gmock.h>

#include "cloud/resilience/apologetic_model.hpp"
#include "cloud/resilience/failover_model.hpp"

namespace parley::cloud {
namespace {

using namespace std::chrono_literals;
using core::Code;
using language::Speaker;

/// Answers when the test says so.
class HeldModel final : public language::Model {
 public:
  std::string name() const override { return "held"; }
  core::Job generate(language::GenerateRequest request, Sink given) override {
    asked.push_back(std::move(request));
    sink = std::move(given);
    std::stop_source source;
    stop.emplace(source.get_token(), std::function<void()>([this] { given_up = true; }));
    return core::Job(std::move(source));
  }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }

  std::vector<language::GenerateRequest> asked;
  Sink sink;
  std::optional<std::stop_callback<std::function<void()>>> stop;
  bool given_up = false;
};

struct Race {
  std::shared_ptr<HeldModel> first = std::make_shared<HeldModel>(), second = std::make_shared<HeldModel>();
  std::vector<std::function<void()>> late;
  FailoverModel model{{{"first", first}, {"second", second}},
                      [this](core::Duration, std::function<void()> then) { late.push_back(std::move(then)); }};
  std::vector<language::Piece> pieces;
  core::Job job;

  Race() {
    language::GenerateRequest request;
    request.messages = {{Speaker::user, "问"}};
    job = model.generate(request, [this](language::Piece piece) { pieces.push_back(std::move(piece)); });
  }
  ~Race() { first->sink = second->sink = nullptr; }  // which hold the answer, which holds the models
  Race(Race const&) = delete;
  Race& operator=(Race const&) = delete;
  std::string text() const {
    std::string out;
    for (auto const& piece : pieces) {
      if (auto const* delta = std::get_if<language::Delta>(&piece)) out += delta->text;
      if (std::holds_alternative<language::Finish>(piece)) out += "|";
      if (auto const* error = std::get_if<core::Error>(&piece)) out += "!" + std::string(core::name(error->code));
    }
    return out;
  }
};

TEST(Hedge, NobodyIsAskedTwiceWhileTheFirstIsInTime) {
  Race race;
  race.first->sink(language::Delta{"好"});
  race.late.at(0)();
  EXPECT_TRUE(race.second->asked.empty());
  race.first->sink(language::Finish{});
  EXPECT_EQ(race.text(), "好|");
}

TEST(Hedge, WhoeverWritesFirstIsListenedToAndTheOtherGivenUp) {
  for (bool const second_wins : {false, true}) {
    Race race;
    race.late.at(0)();
    ASSERT_EQ(race.second->asked.size(), 1U);
    EXPECT_EQ(race.second->asked[0].messages.size(), 1U);  // the same question, nothing to continue
    auto const& winner = second_wins ? race.second : race.first;
    auto const& loser = second_wins ? race.first : race.second;
    winner->sink(language::Delta{"好"});
    EXPECT_TRUE(loser->given_up);
    EXPECT_FALSE(winner->given_up);
    loser->sink(language::Delta{"late"});
    loser->sink(core::Error{Code::cancelled, "", "", {}});
    winner->sink(language::Finish{});
    EXPECT_EQ(race.text(), "好|");
  }
}

TEST(Hedge, OneOfTwoMayFailUnheard) {
  Race race;
  race.late.at(0)();
  race.first->sink(core::Error{Code::unavailable, "", "", {}});
  EXPECT_EQ(race.text(), "");
  race.second->sink(language::Delta{"好"});
  race.second->sink(language::Finish{});
  EXPECT_EQ(race.text(), "好|");
}

TEST(Hedge, BothMayFailAndTheLastReasonIsTold) {
  Race race;
  race.late.at(0)();
  race.second->sink(core::Error{Code::unavailable, "", "", {}});
  race.first->sink(core::Error{Code::deadline, "", "", {}});
  EXPECT_EQ(race.text(), "!deadline");
}

TEST(Hedge, GivingUpEndsBoth) {
  Race race;
  race.late.at(0)();
  race.job.cancel();
  EXPECT_TRUE(race.first->given_up);
  EXPECT_TRUE(race.second->given_up);
  race.first->sink(core::Error{Code::cancelled, "", "", {}});
  race.second->sink(core::Error{Code::cancelled, "", "", {}});
  EXPECT_EQ(race.text(), "!cancelled");
}

TEST(Hedge, LateMeansBehindNearlyAllOfTheLast) {
  Lateness lateness;
  for (int i = 0; i < 19; ++i) lateness.add(1ms);
  EXPECT_EQ(lateness.late(), Lateness::at_first);
  lateness.add(1ms);
  EXPECT_EQ(lateness.late(), Lateness::at_least);
  for (int i = 1; i <= 100; ++i) lateness.add(i * 10ms);
  EXPECT_EQ(lateness.late(), 950ms);
  for (int i = 0; i < 100; ++i) lateness.add(300ms);
  EXPECT_EQ(lateness.late(), 300ms);  // the old ones are forgotten
}

std::string heard(std::string const& question, std::vector<language::Piece> pieces) {
  auto const inner = std::make_shared<HeldModel>();
  ApologeticModel model(inner);
  std::string out;
  language::GenerateRequest request;
  request.messages = {{Speaker::user, question}};
  auto const job = model.generate(request, [&](language::Piece const& piece) {
    if (auto const* delta = std::get_if<language::Delta>(&piece)) out += delta->text;
    if (std::holds_alternative<language::Finish>(piece)) out += "|";
    if (std::holds_alternative<core::Error>(piece)) out += "!";
  });
  for (auto& piece : pieces) inner->sink(std::move(piece));
  return out;
}

TEST(ApologeticModel, SaysThatItCannotAnswerInTheLanguageOfTheQuestion) {
  core::Error const gone{Code::unavailable, "", "", {}};
  EXPECT_EQ(heard("北京在哪里", {gone}), "抱歉，我这边出了点问题，请您稍后再说一遍。|");
  EXPECT_THAT(heard("Where is Beijing?", {gone}), testing::StartsWith("I am sorry"));
  EXPECT_EQ(heard("北京在哪里", {language::Delta{"在华北"}, gone}), "在华北……抱歉，我这边断了一下，请您再问一次。|");
  EXPECT_EQ(heard("北京在哪里", {core::Error{Code::invalid, "", "", {}}}), "抱歉，这个问题我不能回答。|");
  EXPECT_EQ(heard("北京在哪里", {core::Error{Code::cancelled, "", "", {}}}), "!");  // nobody listens
  EXPECT_EQ(heard("北京在哪里", {language::Delta{"在华北"}, language::Finish{}}), "在华北|");
  EXPECT_EQ(heard("天气", {language::ToolCallBegan{"a", "weather"}, gone}), "!");  // half a call is no sentence
}

}  // namespace
}  // namespace parley::cloud
