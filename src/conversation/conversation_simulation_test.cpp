// A call lived through at random: voices, pauses, clients that do anything at any time, engines that are late, fail, or answer
// in any order, under a virtual clock. Whatever happens, what is checked here holds. A failure names its seed; the same seed is
// the same call.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <queue>
#include <random>
#include <set>

#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

using Kind = TurnTaking::Kind;

/// What must be true of the commands of any call.
class Witness {
 public:
  void see(Command const& command) {
    std::visit([&](auto const& c) { check(c); }, command);
  }
  [[nodiscard]] int turns() const { return turns_; }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool tool_asked() const { return !called_.empty(); }
  void at_the_end() const {
    EXPECT_EQ(begun_.size(), ended_.size()) << "every answer that began has ended";
    EXPECT_EQ(calls_.size(), called_.size()) << "every call of a tool that began has ended";
    EXPECT_FALSE(held_) << "nobody is left holding his breath";
    EXPECT_EQ(open_utterances_, 0) << "every utterance was closed";
  }

 private:
  struct Seen {
    std::string item, text;
    std::int64_t sound = 0;
    bool outside = false;
  };

  template <class T>
  void check(T const&) {}

  void check(ReplyBegan const& began) {
    EXPECT_TRUE(begun_.emplace(began.reply, Seen{began.item, "", 0, began.outside}).second);
    EXPECT_FALSE(abandoned_.contains(began.reply)) << "what was thrown away does not come back";
    unique(began.item);
    unique(began.response);
    replies_[began.item] = began.reply;
    active_ += began.outside ? 0 : 1;
    EXPECT_LE(active_, 1) << "one answer at a time";
  }
  void check(ReplyText const& text) { current(text.reply).text += text.delta; }
  void check(ReplySound const& sound) {
    auto& seen = current(sound.reply);
    EXPECT_EQ(sound.at.samples, seen.sound) << "no gap, no overlap";
    ASSERT_FALSE(sound.samples->empty());
    EXPECT_EQ(sound.samples->front(), static_cast<float>(sound.reply.value)) << "the sound of another answer";
    seen.sound += static_cast<std::int64_t>(sound.samples->size());
  }
  void check(ReplyEnded const& ended) {
    auto const& seen = current(ended.reply);
    EXPECT_TRUE(ended_.insert(ended.reply).second) << "it ends once";
    EXPECT_EQ(ended.item.id, seen.item);
    EXPECT_EQ(ended.text, seen.text);
    EXPECT_EQ(ended.sent.samples, seen.sound);
    EXPECT_LE(ended.item.heard, ended.sent);
    EXPECT_TRUE(seen.text.starts_with(ended.item.text)) << ended.item.text << " / " << seen.text;
    if (!seen.outside) --active_;
    if (!seen.outside && ended.why == ReplyEnded::Why::turn_detected) held_ = false;
  }
  void check(ToolCallStarted const& call) {
    current(call.reply);
    EXPECT_TRUE(calls_.insert(call.item.call_id).second) << "no tool is asked for twice";
    unique(call.item.id);
  }
  void check(ToolCallDelta const& call) {
    current(call.reply);
    EXPECT_TRUE(calls_.contains(call.call_id) && !called_.contains(call.call_id));
  }
  void check(ToolCallDone const& call) {
    current(call.reply);
    EXPECT_TRUE(calls_.contains(call.item.call_id));
    EXPECT_TRUE(called_.insert(call.item.call_id).second) << "no tool is carried out twice";
  }
  void check(PlayHeld const&) {
    EXPECT_FALSE(held_);
    held_ = true;
  }
  void check(PlayResumed const&) {
    EXPECT_TRUE(held_ || may_resume_);
    held_ = may_resume_ = false;
  }
  void check(TurnCommitted const&) { ++turns_; }
  void check(ItemNews const& news) {
    if (news.what == ItemNews::What::added) unique(news.item.id);
    if (news.what != ItemNews::What::truncated) return;
    ASSERT_TRUE(replies_.contains(news.item.id));
    auto const& seen = begun_.at(replies_.at(news.item.id));
    EXPECT_TRUE(seen.text.starts_with(news.item.text)) << news.item.text << " / " << seen.text;
    EXPECT_LE(news.item.heard.samples, seen.sound);
    EXPECT_GE(news.audio_end_ms, 0);
  }
  void check(Generate const& generate) {
    EXPECT_TRUE(generated_.insert(generate.reply).second) << "one question to the model per answer";
    EXPECT_FALSE(generate.request.messages.empty());
  }
  void check(Speak const& speak) {
    EXPECT_TRUE(spoken_.insert({speak.reply, speak.clause}).second) << "no clause twice";
    EXPECT_FALSE(abandoned_.contains(speak.reply));
    EXPECT_FALSE(ended_.contains(speak.reply));
  }
  void check(Abandon const& abandon) { abandoned_.insert(abandon.reply); }
  void check(OpenUtterance const&) { EXPECT_LE(++open_utterances_, 8); }
  void check(CloseUtterance const&) { EXPECT_GE(--open_utterances_, 0); }
  void check(SpeechStarted const& started) {
    may_resume_ = std::exchange(held_, false);
    EXPECT_TRUE(talking_.empty());
    talking_ = started.item;
  }
  void check(SpeechStopped const& stopped) {
    EXPECT_EQ(stopped.item, talking_);
    talking_.clear();
  }
  void check(CallOver const&) {
    EXPECT_FALSE(std::exchange(over_, true)) << "it is over once";
    EXPECT_EQ(active_, 0) << "nobody is cut short";
    EXPECT_FALSE(held_);
    EXPECT_TRUE(talking_.empty());
  }
  void check(TurnMeasured const& measured) { EXPECT_TRUE(measured_.insert(measured.turn.reply_item).second); }

  Seen& current(core::ReplyId reply) {
    EXPECT_TRUE(begun_.contains(reply)) << "nothing leaves before the commitment";
    EXPECT_FALSE(ended_.contains(reply)) << "nothing leaves after the end";
    return begun_[reply];
  }
  void unique(std::string const& id) { EXPECT_TRUE(ids_.insert(id).second) << id; }

  std::map<core::ReplyId, Seen> begun_;
  std::map<std::string, core::ReplyId> replies_;
  std::set<core::ReplyId> ended_, abandoned_, generated_;
  std::set<std::pair<core::ReplyId, int>> spoken_;
  std::set<std::string> ids_, measured_, calls_, called_;
  std::string talking_;
  bool held_ = false, may_resume_ = false, over_ = false;
  int turns_ = 0;
  int active_ = 0;
  int open_utterances_ = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed, bool keep_log = true)
      : dice_(seed), keep_log_(keep_log), settings_(some_settings()), call_(settings_, seed) {}

  void live(int events) {
    while (events_ < events && !testing::Test::HasFailure()) step();
    if (chance(0.5)) end_in_peace();
    tell(HungUp{});
    while (!coming_.empty()) {  // what the engines still send after the end
      auto const next = coming_.top();
      coming_.pop();
      now_ = std::max(now_, next.at);
      tell(next.event);
    }
    if (!testing::Test::HasFailure()) witness_.at_the_end();
  }
  [[nodiscard]] std::string const& log() const { return log_; }
  [[nodiscard]] int events() const { return events_; }
  [[nodiscard]] int turns() const { return witness_.turns(); }
  using Steps = std::set<std::tuple<int, std::size_t, int>>;  // state, event, state
  [[nodiscard]] Steps const& ears() const { return ears_; }
  [[nodiscard]] Steps const& mouths() const { return mouths_; }

 private:
  /// Nobody says anything new: within two minutes the call is at rest, unless a tool never answers.
  void end_in_peace() {
    ending_ = true;
    tell(EndAsked{});
    if (settings_.turns.kind == Kind::manual) tell(ClearAsked{});
    for (int i = 0; i < 4000 && !witness_.over() && !testing::Test::HasFailure(); ++i) step();
    EXPECT_TRUE(witness_.over() || witness_.tool_asked());
  }

  struct Coming {
    core::Instant at;
    int order;
    Event event;
    bool operator<(Coming const& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(dice_) < p; }
  int number(int from, int to) { return std::uniform_int_distribution<>(from, to)(dice_); }

  Settings some_settings() {
    auto s = Scenario::spoken(chance(0.5) ? "zh" : "en", static_cast<Kind>(number(0, 2)));
    s.speak = chance(0.85);
    s.turns.create_reply = chance(0.9);
    s.turns.interrupt_reply = chance(0.8);
    s.turns.reads_text = chance(0.5);
    s.player_holds = chance(0.5);
    if (chance(0.4)) s.tools = {{"get_weather", "天气", "{}"}};
    if (chance(0.3)) s.turns.idle = Milliseconds(number(2000, 8000));
    return s;
  }

  void step() {
    // One frame of the microphone, unless the network has stalled; then what the engines and the client do meanwhile.
    auto const next = now_ + Milliseconds(chance(0.01) ? number(100, 3000) : 32);
    advance(next);
    if (--left_ <= 0) {
      talking_ = !talking_;
      left_ = talking_ ? number(1, 60) : chance(0.2) ? number(60, 300) : number(2, 40);
    }
    end_ = end_ + audio::Heard{512};
    if (ending_) talking_ = false;
    bool const voiced = talking_ != (!ending_ && chance(0.05));
    tell(FrameHeard{end_, voiced ? 0.9F : 0.05F, voiced ? -25.0F - static_cast<float>(number(0, 20)) : -60.0F});
    if (!ending_ && chance(0.01)) client();
  }

  /// Time passes: everything that is due happens, wakes among it.
  void advance(core::Instant until) {
    for (int wakes = 0;;) {
      auto const wake = call_.wake_at();
      auto const due = coming_.empty() ? core::never : coming_.top().at;
      if (std::min(wake, due) > until) break;
      if (due <= wake) {
        auto const next = coming_.top();
        coming_.pop();
        now_ = std::max(now_, due);
        tell(next.event);
        continue;
      }
      now_ = std::max(now_, wake);
      tell(Woken{});
      ASSERT_GT(call_.wake_at(), now_) << "it asks to be woken over and over";
      ASSERT_LT(++wakes, 100);
    }
    now_ = until;
  }

  void client() {
    switch (number(0, 10)) {
      case 0: return tell(CommitAsked{});
      case 1: return tell(ClearAsked{});
      case 2: return tell(ReplyCancelled{chance(0.5) ? std::nullopt : std::optional(known_.response)});
      case 3: return tell(ItemTruncated{known_.item, 0, number(-100, 20'000)});
      case 4: return tell(ItemDeleted{known_.item});
      case 5: {
        Item item;
        item.id = chance(0.5) ? "" : "client_" + std::to_string(number(0, 1000));
        item.text = "顺便说一句";
        return tell(ItemAdded{item, chance(0.7) ? std::nullopt : std::optional<std::string>("root")});
      }
      case 6: settings_ = some_settings(); return tell(SettingsChanged{settings_});
      default: {
        ReplyAsked asked;
        asked.overrides.outside = chance(0.3);
        if (chance(0.4)) asked.overrides.say = "你好，我是小鹿。Nice to meet you.";
        if (chance(0.3)) asked.overrides.speak = chance(0.5);
        return tell(asked);
      }
    }
  }

  void tell(Event const& event) {
    ++events_;
    auto const ear = call_.ear();
    auto const mouth = call_.mouth(now_);
    auto const commands = call_.on(now_, event);
    if (ear != call_.ear()) ears_.insert({static_cast<int>(ear), event.index(), static_cast<int>(call_.ear())});
    if (auto const after = call_.mouth(now_); mouth != after) {
      mouths_.insert({static_cast<int>(mouth), event.index(), static_cast<int>(after)});
    }
    for (auto const& command : commands) {
      if (keep_log_) log_ += to_line(command) + "\n";
      witness_.see(command);
      std::visit([&](auto const& c) { engine(c); }, command);
    }
  }

  // ---- engines: late, in any order, sometimes broken
  template <class T>
  void engine(T const&) {}

  void later(int from_ms, int to_ms, Event event) {
    coming_.push({now_ + Milliseconds(number(from_ms, to_ms)), ++order_, std::move(event)});
  }
  core::Error trouble() { return {core::Code::internal, "it broke", "", {}}; }

  std::string heard() {
    static constexpr std::string_view texts[] = {"",  "嗯。",     "今天天气怎么样？", "Tell me a story.", "我用Python写",
                                                 "…", "停一下！", "Uh-huh.",          "从前有一座山",     "我的电话是一三八"};
    return std::string(texts[number(0, 9)]);
  }
  void engine(OpenUtterance const& open) {  // half of the recognisers tell words unasked
    if (chance(0.5)) return;
    for (int i = number(0, 6); i > 0; --i) later(50, 4000, TranscriptArrived{open.utterance, 0, heard()});
  }
  void engine(Transcribe const& t) {
    if (chance(0.02)) return;  // never answered
    if (chance(0.05)) return later(10, 900, TranscriptArrived{t.utterance, t.revision, std::unexpected(trouble())});
    later(10, 900, TranscriptArrived{t.utterance, t.revision, heard()});
  }
  void engine(PredictEnd const& p) {
    if (chance(0.02)) return;
    if (chance(0.05)) return later(5, 300, EndPredicted{p.utterance, p.revision, std::unexpected(trouble())});
    later(5, 300, EndPredicted{p.utterance, p.revision, static_cast<float>(number(0, 100)) / 100.0F});
  }
  void engine(PredictTextEnd const& p) {
    if (chance(0.02)) return;
    if (chance(0.05)) return later(5, 300, TextEndPredicted{p.utterance, p.revision, std::unexpected(trouble())});
    later(5, 300, TextEndPredicted{p.utterance, p.revision, static_cast<float>(number(0, 100)) / 500.0F});
  }
  void engine(Generate const& g) {
    static constexpr std::string_view pieces[] = {"从前",   "有一座山，", "山上有",      "老和尚。", "😀",
                                                  " Hello", " there,",    " my friend.", "！"};
    int at = number(20, 600);
    for (int i = number(0, 12); i > 0; --i) {
      later(at, at, PieceArrived{g.reply, language::Delta{std::string(pieces[number(0, 8)])}});
      at += number(1, 120);
    }
    for (int i = g.request.tools.empty() || chance(0.6) ? 0 : number(1, 3); i > 0; --i) {
      auto const id = "call_" + std::to_string(g.reply.value) + "_" + std::to_string(i);
      later(at, at, PieceArrived{g.reply, language::ToolCallBegan{id, "get_weather"}});
      later(at + 5, at + 5, PieceArrived{g.reply, language::ToolCallArguments{id, R"({"city":)"}});
      at += number(10, 50);
      later(at, at, PieceArrived{g.reply, language::ToolCallArguments{id, R"("北京"})"}});
    }
    if (chance(0.05)) return later(at, at, PieceArrived{g.reply, trouble()});
    auto const reason = chance(0.1) ? language::FinishReason::length : language::FinishReason::stop;
    later(at, at, PieceArrived{g.reply, language::Finish{reason, {}}});
  }
  void engine(Speak const& s) {
    int at = number(20, 700);
    int const blocks = number(0, 4);
    for (int i = 0; i < blocks; ++i) {
      audio::Samples samples(static_cast<std::size_t>(number(0, 800) * 24), static_cast<float>(s.reply.value));
      later(at, at,
            SoundArrived{s.reply, s.clause, std::make_shared<audio::Samples const>(std::move(samples)), i + 1 == blocks});
      at += number(1, 200);
    }
    if (blocks == 0)
      later(at, at, chance(0.5) ? Event(SoundFailed{s.reply, s.clause, trouble()}) : SoundArrived{s.reply, s.clause, {}, true});
  }
  void engine(ReplyBegan const& began) { known_ = began; }
  void engine(ToolCallDone const& call) {
    if (call.item.status != ItemStatus::completed || chance(0.1)) return;  // carried out, or never
    later(50, 3000, ToolAnswered{call.item.call_id, "晴"});
    if (chance(0.1)) later(50, 3000, ToolAnswered{call.item.call_id, "雨"});
  }

  std::mt19937_64 dice_;
  bool keep_log_;
  Settings settings_;
  Conversation call_;
  Witness witness_;
  core::Instant now_ = core::Instant{} + std::chrono::hours(1);
  audio::Heard end_;
  bool talking_ = false, ending_ = false;
  int left_ = 20, order_ = 0, events_ = 0;
  std::priority_queue<Coming> coming_;
  ReplyBegan known_;
  std::string log_;
  Steps ears_, mouths_;
};

/// One line a state and event, with the states that were seen to follow.
std::string table(World::Steps const& steps, std::vector<std::string> const& states) {
  static std::vector<std::string> const events{
      "FrameHeard",       "SettingsChanged", "CommitAsked",  "ClearAsked",  "ItemAdded", "ItemDeleted",       "ItemTruncated",
      "ReplyAsked",       "ReplyCancelled",  "ToolAnswered", "EndAsked",    "HungUp",    "TranscriptArrived", "EndPredicted",
      "TextEndPredicted", "PieceArrived",    "SoundArrived", "SoundFailed", "Woken"};
  std::string out = "| In | on | goes to |\n|---|---|---|\n";
  std::map<std::pair<int, std::size_t>, std::string> lines;
  for (auto const& [from, event, to] : steps) {
    auto& line = lines[{from, event}];
    line += (line.empty() ? "" : ", ") + states[static_cast<std::size_t>(to)];
  }
  for (auto const& [key, to] : lines)
    out += "| " + states[static_cast<std::size_t>(key.first)] + " | `" + events[key.second] + "` | " + to + " |\n";
  return out;
}

TEST(Simulation, the_table_of_states_in_the_documentation_is_true) {
  World::Steps ears, mouths;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    World world(seed, false);
    world.live(4000);
    ears.insert(world.ears().begin(), world.ears().end());
    mouths.insert(world.mouths().begin(), world.mouths().end());
  }
  std::string const text =
      "# States of a conversation\n\nWritten by `PARLEY_WRITE_DOCS=1 conversation_test`, which lives through 400 calls at "
      "random and notes every "
      "change; the test fails when this page is not what it sees.\n由 `PARLEY_WRITE_DOCS=1 conversation_test` 写成：随机经历 "
      "400 "
      "通电话，记下每一次状态变化；与所见不符时测试失败。\n\n## The ear / 听\n\n" +
      table(ears, {"quiet", "overlap", "speech", "pause"}) + "\n## The mouth / 说\n\n" +
      table(mouths, {"silent", "ahead", "answering", "playing", "held"});
  auto const path = std::string(PARLEY_SOURCE_DIR) + "/docs/conversation_states.md";
  if (std::getenv("PARLEY_WRITE_DOCS") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  std::string const written((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(written, text) << "run conversation_test with PARLEY_WRITE_DOCS=1";
}

TEST(Simulation, whatever_happens_the_rules_of_a_call_hold) {
  int events = 0;
  // A simulation that never gets anywhere finds nothing: each of these has to happen often.
  std::map<std::string, int> seen{{"why 0", 0},  {"why 1", 0},   {"why 2", 0},   {"why 3", 0},    {"why 4", 0},
                                  {"item 3", 0}, {"idle", 0},    {"abandon", 0}, {"measured", 0}, {"…", 0},
                                  {"held", 0},   {"resumed", 0}, {"called", 0}};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.live(1500);
    events += world.events();
    for (auto& [what, times] : seen) {
      for (auto at = world.log().find(what); at != std::string::npos; at = world.log().find(what, at + 1)) ++times;
    }
    ASSERT_FALSE(HasFailure()) << world.log().substr(world.log().size() > 4000 ? world.log().size() - 4000 : 0);
  }
  EXPECT_GT(events, 200'000);
  for (auto const& [what, times] : seen) EXPECT_GE(times, 10) << what;
}

TEST(Simulation, a_hundred_thousand_turns) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
  constexpr int wanted = 4'000;  // a tenth of the speed
#else
  constexpr int wanted = 100'000;
#endif
  int turns = 0;
  for (std::uint64_t seed = 100'000; turns < wanted; ++seed) {
    World world(seed, false);
    world.live(20'000);
    turns += world.turns();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ": World(" << seed << ", true).live(20'000) tells all";
  }
}

TEST(Simulation, the_same_events_give_the_same_commands) {
  for (std::uint64_t seed : {7U, 8U, 9U}) {
    World first(seed), second(seed);
    first.live(2000);
    second.live(2000);
    EXPECT_EQ(first.log(), second.log());
    EXPECT_GT(first.log().size(), 1000U);
  }
}

}  // namespace
}  // namespace parley::conversation
