// A thousand voices into an answer, made at random in both languages: coughs and clicks, signs of listening, and real
// interruptions. Played through a whole conversation with a recogniser that needs its time and hears, of an unfinished word,
// what a recogniser would. How often is the answer stopped for nothing, how often is an interruption missed, how soon is
// silence?
#include <gtest/gtest.h>

#include <random>

#include "conversation/scenario.hpp"
#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

struct Voice {
  std::string text;  // empty: a cough
  int ms;
};
struct Heard {
  bool stopped = false;
  std::int64_t silent_after = -1, decided_after = -1;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : dice_(seed) {}
  int number(int from, int to) { return std::uniform_int_distribution<>(from, to)(dice_); }
  std::string const& one_of(std::vector<std::string> const& list) {
    return list[static_cast<std::size_t>(number(0, static_cast<int>(list.size()) - 1))];
  }

 private:
  std::mt19937_64 dice_;
};

/// The words of which the first `ms` have been heard.
std::string so_far(Voice const& voice, int ms) {
  auto const letters = core::decode_utf8(voice.text);
  auto const share = std::min(1.0, static_cast<double>(ms + 60) / voice.ms);
  return std::string(cut_at_word(voice.text, static_cast<std::size_t>(share * static_cast<double>(letters.size()))));
}

Heard live_through(Voice const& voice, Dice& dice) {
  auto settings = Scenario::spoken("zh");
  settings.player_holds = true;
  Scenario s(settings);
  s.user_says("讲个故事吧。");
  s.token("从前有一座山，山上有一个老和尚。");
  s.done();
  s.sound(0, 2500);
  s.sound(1, 9000);
  s.silence(dice.number(400, 4000));
  s.forget();
  auto const begin = s.now();
  Heard heard;
  auto asked = s.count<Transcribe>();
  struct Coming {
    std::int64_t due;
    TranscriptArrived words;
  };
  std::vector<Coming> coming;
  for (std::int64_t at = 0; at < voice.ms + 1200; at += 32) {
    s.frames(32, at < voice.ms ? 0.9F : 0.02F);
    for (; asked < s.count<Transcribe>(); ++asked) {
      auto const request = s.last<Transcribe>();
      coming.push_back({at + dice.number(90, 220), {request.utterance, request.revision, so_far(voice, static_cast<int>(at))}});
    }
    for (auto const& each : coming) {
      if (each.due <= at) s.tell(each.words);
    }
    std::erase_if(coming, [&](Coming const& each) { return each.due <= at; });
    auto const since = std::chrono::duration_cast<Milliseconds>(s.now() - begin).count();
    if (heard.silent_after < 0 && (s.count<PlayHeld>() > 0 || s.count<SpeechStarted>() > 0)) heard.silent_after = since;
    if (heard.decided_after < 0 && s.count<SpeechStarted>() + s.count<PlayResumed>() > 0) heard.decided_after = since;
    if (s.count<SpeechStarted>() > 0) {
      heard.stopped = true;
      break;
    }
  }
  return heard;
}

TEST(OverlapSet, coughs_and_signs_of_listening_do_not_stop_an_answer_and_interruptions_do) {
  Dice dice(7);
  std::vector<std::string> const listening{"嗯。",     "嗯嗯。",  "对。",  "对对对。", "好的。", "是的。", "哦。",
                                           "明白了。", "Uh-huh.", "Yeah.", "Mm-hmm.",  "I see.", "Right.", "Okay."};
  std::vector<std::string> const interrupting{"停一下。",
                                              "等等，我不是问这个。",
                                              "不对不对。",
                                              "那明天的天气呢？",
                                              "换一个故事吧。",
                                              "你能说慢一点吗？",
                                              "Stop.",
                                              "Wait a minute.",
                                              "No, I meant tomorrow.",
                                              "What about the weather?",
                                              "Can you speak more slowly?",
                                              "Never mind, thanks."};
  std::vector<std::string> const heard_in_coughs{"", "", "", "", "", "you"};
  constexpr int each = 400;
  int false_stops = 0, missed = 0;
  std::vector<std::int64_t> silent, decided;
  for (int i = 0; i < each; ++i) {
    bool const cough = dice.number(0, 1) == 0;
    auto const voice = cough ? Voice{dice.one_of(heard_in_coughs), dice.number(100, 340)} : [&] {
      auto const& text = dice.one_of(listening);
      return Voice{text,
                   180 + 110 * static_cast<int>(core::count_code_points(text)) / (core::guess_language(text) == "zh" ? 1 : 3)};
    }();
    auto const what = live_through(voice, dice);
    false_stops += what.stopped;
    if (what.decided_after >= 0) decided.push_back(what.decided_after);
  }
  for (int i = 0; i < each; ++i) {
    auto const& text = dice.one_of(interrupting);
    Voice const voice{text,
                      200 + static_cast<int>(core::count_code_points(text)) * (core::guess_language(text) == "zh" ? 190 : 65)};
    auto const what = live_through(voice, dice);
    missed += !what.stopped;
    silent.push_back(what.silent_after);
    if (what.decided_after >= 0) decided.push_back(what.decided_after);
  }
  std::ranges::sort(silent);
  std::ranges::sort(decided);
  RecordProperty("false_stops_percent", std::to_string(100.0 * false_stops / each));
  RecordProperty("missed_percent", std::to_string(100.0 * missed / each));
  RecordProperty("silent_after_ms_longest", std::to_string(silent.back()));
  RecordProperty("decided_after_ms_median", std::to_string(decided[decided.size() / 2]));
  RecordProperty("decided_after_ms_p95", std::to_string(decided[decided.size() * 95 / 100]));
  EXPECT_LE(false_stops, each * 5 / 100);
  EXPECT_LE(missed, each * 2 / 100);
  EXPECT_LE(silent.back(), 150);
}

}  // namespace
}  // namespace parley::conversation
