// A thousand voices into an answer, made at random in both languages: coughs and clicks, signs of listening, and real
// interruptions. Played through a whole conversation with a recogniser that needs its time and hears, of an unfinished word,
// what a recogniser would. How often is the answer stopped for nothing, how often is an interruption missed, how soon is
// silence, how soon is it decided?
//
// The rules were made with an eye on the set of seed 7. The sets that are held out (other seeds, and words that stand in none
// of the lists by design) are only ever measured.
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
  std::int64_t silent_after = -1, decided_after = -1;  // first decided
  std::int64_t stopped_after = -1;
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
      heard.stopped_after = since;
      break;
    }
  }
  return heard;
}

struct Vocabulary {
  std::vector<std::string> listening, interrupting;
};

Vocabulary const& known() {
  static Vocabulary const words{{"嗯。", "嗯嗯。", "对。", "对对对。", "好的。", "是的。", "哦。", "明白了。", "Uh-huh.",
                                 "Yeah.", "Mm-hmm.", "I see.", "Right.", "Okay."},
                                {"停一下。", "等等，我不是问这个。", "不对不对。", "那明天的天气呢？", "换一个故事吧。",
                                 "你能说慢一点吗？", "Stop.", "Wait a minute.", "No, I meant tomorrow.",
                                 "What about the weather?", "Can you speak more slowly?", "Never mind, thanks."}};
  return words;
}

Vocabulary const& held_out() {
  static Vocabulary const words{{"嗯嗯嗯。", "行。", "对呀。", "没错。", "噢。", "好好好。", "是这样。", "Mhm.", "Sure.",
                                 "Got it.", "Yes.", "Yep yep.", "Oh okay.", "True."},
                                {"先别说了。", "我要问另一个问题。", "这个太长了。", "说说北京吧。", "你刚才说什么？",
                                 "简单一点。", "Hang on a second.", "Skip this part.", "That is not what I asked.",
                                 "How much does it cost?", "Tell me something else.", "You said it was free."}};
  return words;
}

struct Figures {
  int each = 400, false_stops = 0, missed = 0, late = 0;
  std::vector<std::int64_t> silent, decided, stopped;
};

Figures measure_set(std::uint64_t seed, Vocabulary const& words) {
  Dice dice(seed);
  std::vector<std::string> const heard_in_coughs{"", "", "", "", "", "you"};
  Figures f;
  for (int i = 0; i < f.each; ++i) {
    bool const cough = dice.number(0, 1) == 0;
    auto const voice = cough ? Voice{dice.one_of(heard_in_coughs), dice.number(100, 340)} : [&] {
      auto const& text = dice.one_of(words.listening);
      return Voice{text,
                   180 + 110 * static_cast<int>(core::count_code_points(text)) / (core::guess_language(text) == "zh" ? 1 : 3)};
    }();
    auto const what = live_through(voice, dice);
    f.false_stops += what.stopped;
    f.decided.push_back(what.decided_after);
  }
  for (int i = 0; i < f.each; ++i) {
    auto const& text = dice.one_of(words.interrupting);
    Voice const voice{text,
                      200 + static_cast<int>(core::count_code_points(text)) * (core::guess_language(text) == "zh" ? 190 : 65)};
    auto const what = live_through(voice, dice);
    f.missed += !what.stopped;
    f.late += what.stopped && what.stopped_after > what.decided_after;
    f.silent.push_back(what.silent_after);
    f.decided.push_back(what.decided_after);
    if (what.stopped) f.stopped.push_back(what.stopped_after);
  }
  for (auto* values : {&f.silent, &f.decided, &f.stopped}) std::ranges::sort(*values);
  return f;
}

void hold(Figures const& f) {
  EXPECT_GE(f.decided.front(), 0) << "it is always decided";
  EXPECT_LE(f.false_stops, f.each * 5 / 100);
  EXPECT_LE(f.missed, f.each * 2 / 100);
  EXPECT_LE(f.silent.back(), 150);
  EXPECT_LE(f.decided.back(), 500);
}

std::string told(Figures const& f) {
  auto const at = [](std::vector<std::int64_t> const& v, std::size_t percent) { return v[(v.size() - 1) * percent / 100]; };
  return fmt::format(
      "stopped for nothing {:.2f} %, missed {:.2f} %; silent after {} ms at most; decided after {} ms (median), {} (P95), {} "
      "(longest); {:.2f} % of the interruptions passed at first, the latest stop came after {} ms",
      100.0 * f.false_stops / f.each, 100.0 * f.missed / f.each, f.silent.back(), at(f.decided, 50), at(f.decided, 95),
      f.decided.back(), 100.0 * f.late / f.each, f.stopped.back());
}

TEST(OverlapSet, coughs_and_signs_of_listening_do_not_stop_an_answer_and_interruptions_do) {
  auto const figures = measure_set(7, known());
  RecordProperty("set", told(figures));
  hold(figures);
}

TEST(OverlapSet, nor_in_sets_that_were_held_out) {
  for (std::uint64_t const seed : {1001U, 1002U, 1003U, 1004U, 1005U}) {
    SCOPED_TRACE(seed);
    auto const same_words = measure_set(seed, known()), other_words = measure_set(seed, held_out());
    RecordProperty("seed_" + std::to_string(seed), told(same_words));
    RecordProperty("seed_" + std::to_string(seed) + "_other_words", told(other_words));
    hold(same_words);
    hold(other_words);
  }
}

}  // namespace
}  // namespace parley::conversation
