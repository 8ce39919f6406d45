#include "conversation/recording.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "conversation/scenario.hpp"
#include "core/test_folder.hpp"

namespace parley::conversation {
namespace {

class Recording : public testing::Test {
 protected:
  /// Every kind of event, through a conversation and into a file.
  std::vector<std::string> record() {
    auto settings = Scenario::spoken("zh");
    settings.player_holds = true;
    settings.tools = {{"get_weather", "天气", "{}"}};
    settings.turns.idle = Milliseconds(60'000);
    Conversation call(settings, 7);
    auto recorder = CallRecorder::create(path_);
    EXPECT_TRUE(recorder);
    (*recorder)->begin(7, settings);
    std::vector<std::string> lines;
    core::Instant now = core::Instant{} + std::chrono::hours(5);
    auto const tell = [&](Event const& event) {
      now += Milliseconds(17);
      auto const commands = call.on(now, event);
      (*recorder)->took(now, event, commands);
      for (auto const& command : commands) {
        lines.push_back(to_line(command));
        if (auto const* g = std::get_if<Generate>(&command)) reply_ = g->reply;
        if (auto const* t = std::get_if<Transcribe>(&command)) asked_ = *t;
      }
    };
    audio::Heard end;
    auto const frames = [&](int count, float voice) {
      for (int i = 0; i < count; ++i) tell(FrameHeard{end = end + audio::Heard{512}, voice, -23.25F});
    };
    core::Error const broken{core::Code::busy, "坏了", "model", std::chrono::milliseconds(5)};
    tell(SettingsChanged{settings});
    tell(say("你好。"));
    tell(SoundArrived{{1}, 0, sound_of_ms(300), true});
    tell(SoundFailed{{1}, 1, broken});
    Item mine;
    mine.id = "mine";
    mine.text = "我叫小明";
    tell(ItemAdded{mine, "root"});
    frames(40, 0.95F);
    frames(8, 0.01F);
    tell(TranscriptArrived{asked_.utterance, asked_.revision, std::string("北京天气怎么样？")});
    tell(EndPredicted{asked_.utterance, asked_.revision, 0.93F});
    tell(PieceArrived{reply_, language::Delta{"我查一下。"}});
    tell(PieceArrived{reply_, language::ToolCallBegan{"call_1", "get_weather"}});
    tell(PieceArrived{reply_, language::ToolCallArguments{"call_1", "{}"}});
    tell(PieceArrived{reply_, language::Finish{language::FinishReason::tool_calls, {1, 2, 3}}});
    tell(SoundArrived{reply_, 0, sound_of_ms(700), true});
    tell(ToolAnswered{"call_1", "晴"});
    tell(PieceArrived{reply_, broken});
    tell(ReplyCancelled{"resp_unknown"});
    tell(ItemTruncated{"mine", 0, 5});
    tell(ItemDeleted{"mine"});
    frames(40, 0.9F);
    tell(CommitAsked{});
    tell(TranscriptArrived{asked_.utterance, asked_.revision, std::unexpected(broken)});
    tell(ClearAsked{});
    ReplyAsked asked = outside();
    asked.overrides.input.emplace();
    asked.overrides.tools.emplace();
    asked.overrides.tool_choice = language::ToolChoice{language::ToolChoice::Kind::none, {}};
    tell(asked);
    tell(Woken{});
    tell(EndAsked{});
    tell(HungUp{});
    return lines;
  }
  core::Result<Replayed> live_again(std::vector<std::string>& lines) {
    return replay(path_, [&](core::Duration, Command const& command) { lines.push_back(to_line(command)); });
  }

  core::TestFolder const folder_;
  std::filesystem::path const path_ = folder_ / "call";
  core::ReplyId reply_;
  Transcribe asked_;
};

TEST_F(Recording, is_lived_through_bit_for_bit) {
  auto const before = record();
  std::vector<std::string> after;
  auto const done = live_again(after);
  ASSERT_TRUE(done) << core::describe(done.error());
  EXPECT_EQ(after, before);
  EXPECT_GT(done->events, 100U);
}

TEST_F(Recording, that_was_changed_or_cut_is_refused_with_a_sentence) {
  record();
  std::ifstream in(path_, std::ios::binary);
  std::string const whole((std::istreambuf_iterator<char>(in)), {});
  std::vector<std::string> lines;
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 150) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    std::ofstream(path_, std::ios::binary) << bytes;
    if (auto const done = live_again(lines); !done) {
      ++refused;
      EXPECT_THAT(done.error().code, testing::AnyOf(core::Code::invalid, core::Code::conflict));
    }
  }
  EXPECT_GT(refused, 100) << "a bit in what is said of a sound is seen";
  std::ofstream(path_, std::ios::binary) << whole.substr(0, whole.size() - 7);
  EXPECT_EQ(live_again(lines).error().code, core::Code::invalid);
  std::ofstream(path_, std::ios::binary) << "RIFF";
  EXPECT_EQ(live_again(lines).error().code, core::Code::invalid);
}

}  // namespace
}  // namespace parley::conversation
