// Many hours of calls in a few seconds: whole conversations and their protocol under a virtual clock. Is memory given back?
//
//   endurance_load HOURS CALLS
//
// CALLS callers at a time, each call one to sixty minutes long: questions, answers of some clauses, interruptions, coughs,
// tools, typed items, failures, idle silence. Prints the memory in use after every simulated hour as one JSON object.
#include <malloc.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "conversation/scenario.hpp"
#include "server/realtime_session.hpp"

namespace {

using namespace parley;
using namespace parley::conversation;

class Caller {
 public:
  explicit Caller(std::uint64_t seed)
      : dice_(seed),
        s_(settings(), seed),
        session_(server::RealtimeSession::Opening{{"", "default", 0, "default"}, settings(), {}, {}}),
        ends_(s_.now() + std::chrono::minutes(number(1, 60))) {}

  [[nodiscard]] bool over() const { return s_.now() >= ends_; }
  [[nodiscard]] core::Instant now() const { return s_.now(); }

  /// Some seconds.
  void live() {
    switch (number(0, 9)) {
      case 0: s_.silence(number(2000, 9000)); break;
      case 1:
        s_.voice(number(64, 200));  // a cough
        s_.silence(1000);
        break;
      case 2:
        wish(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",)"
             R"("content":[{"type":"input_text","text":"顺便说一句"}]}})");
        break;
      case 3: wish(R"({"type":"response.create"})"); break;
      default: question();
    }
    answer();
    tell();
  }

  void hang_up() {
    s_.tell(HungUp{});
    tell();
  }

 private:
  static Settings settings() {
    auto settings = Scenario::spoken("zh");
    settings.turns.idle = Milliseconds(8000);
    settings.tools = {{"get_weather", "天气", "{}"}};
    return settings;
  }
  int number(int from, int to) { return std::uniform_int_distribution<>(from, to)(dice_); }
  bool chance(int percent) { return number(1, 100) <= percent; }

  void question() {
    static char const* const questions[] = {"今天天气怎么样？", "讲个故事吧。", "What time is it?", "我想订一张去北京的票。"};
    s_.voice(number(600, 3000));
    s_.silence(320);
    if (chance(2)) {
      words(core::fail(core::Code::internal, "it broke"));
    } else {
      words(questions[number(0, 3)]);
    }
    if (s_.count<PredictEnd>() > 0) s_.finished(0.9F);
    s_.silence(200);
  }

  void words(core::Result<std::string> text) {
    if (s_.count<Transcribe>() > 0) s_.words(std::move(text));
  }

  /// Whatever has been asked of the engines is answered.
  void answer() {
    for (std::size_t done = 0; done < s_.count<Generate>(); ++done) {
      auto const reply = s_.got<Generate>()[done].reply;
      for (int i = number(1, 8); i > 0; --i) s_.tell(PieceArrived{reply, language::Delta{"这是一句不长也不短的话。"}});
      if (chance(5)) {
        auto const call = "call_" + std::to_string(++calls_);
        s_.tell(PieceArrived{reply, language::ToolCallBegan{call, "get_weather"}});
        s_.tell(PieceArrived{reply, language::ToolCallArguments{call, R"({"city":"北京"})"}});
        s_.tell(PieceArrived{reply, language::Finish{language::FinishReason::tool_calls, {20, 5, 10}}});
        s_.pass(100);
        s_.tell(ToolAnswered{call, "晴"});
      } else if (chance(2)) {
        s_.tell(PieceArrived{reply, core::Error{core::Code::unavailable, "it broke", "", {}}});
      } else {
        s_.tell(PieceArrived{reply, language::Finish{language::FinishReason::stop, {200, 150, 60}}});
      }
    }
    for (std::size_t done = 0; done < s_.count<Speak>(); ++done) {
      auto const speak = s_.got<Speak>()[done];
      s_.tell(SoundArrived{speak.reply, speak.clause, sound_of_ms(number(800, 2500)), true});
    }
    if (chance(20)) {
      s_.silence(number(300, 1500));
      s_.voice(600);
      words("等一下");
      s_.silence(400);
      words("等一下");
    }
    s_.silence(number(1000, 8000));
  }

  void wish(std::string const& message) {
    for (auto& event : session_.take(message).events) s_.tell(event);
  }

  /// The news goes through the protocol, as it would to a client.
  void tell() {
    for (auto const& command : s_.all()) bytes_ += session_.tell(command).size();
    s_.forget();
  }

  std::mt19937_64 dice_;
  Scenario s_;
  server::RealtimeSession session_;
  core::Instant ends_;
  int calls_ = 0;
  std::size_t bytes_ = 0;
};

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: endurance_load HOURS CALLS" << std::endl;
    return 2;
  }
  int const hours = std::atoi(argv[1]), calls = std::atoi(argv[2]);
  std::uint64_t seed = 0;
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<core::Duration> lived(static_cast<std::size_t>(calls));
  for (int i = 0; i < calls; ++i) callers.push_back(std::make_unique<Caller>(++seed));
  nlohmann::json memory = nlohmann::json::array();
  for (int hour = 1; hour <= hours; ++hour) {
    for (std::size_t i = 0; i < callers.size(); ++i) {
      while (lived[i] < std::chrono::hours(hour)) {
        auto const before = callers[i]->now();
        callers[i]->live();
        lived[i] += callers[i]->now() - before;
        if (!callers[i]->over()) continue;
        callers[i]->hang_up();
        callers[i] = std::make_unique<Caller>(++seed);
      }
    }
    memory.push_back(
        {{"hour", hour}, {"in_use_mb", static_cast<double>(mallinfo2().uordblks) / 1e6}, {"resident_mb", resident_mb()}});
  }
  std::cout << nlohmann::json{{"hours", hours}, {"calls_at_once", calls}, {"calls", seed}, {"memory", memory}}.dump()
            << std::endl;
  return 0;
}
