// Fifty scripted interruptions, Chinese and English: how near is the history to what was heard, and how soon is silence? The
// voice that is interrupted speaks as voices do: no two characters take equally long, a comma is a pause, a clause begins and
// ends in a little silence.
#include <gtest/gtest.h>

#include <random>

#include "conversation/said_words.hpp"
#include "conversation/scenario.hpp"
#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

struct Said {
  std::size_t end;    ///< bytes of the clause
  std::int64_t over;  ///< ms of its sound
};
struct Spoken {
  std::vector<Said> words;  ///< Chinese characters, English words
  std::int64_t ms = 0;
};

class Voice {
 public:
  explicit Voice(std::uint64_t seed) : dice_(seed) {}
  std::int64_t number(int from, int to) { return std::uniform_int_distribution<>(from, to)(dice_); }

  Spoken speak(std::string_view clause) {
    Spoken spoken;
    spoken.ms = number(30, 80);
    auto const letters = core::decode_utf8(clause);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      char32_t const c = letters[i];
      bytes += core::encode_utf8(std::u32string_view(&letters[i], 1)).size();
      bool const letter = core::is_latin_letter(c) || c == U'\'';
      if (core::is_han(c) || core::is_ascii_digit(c)) {
        spoken.ms += number(150, 290);
        spoken.words.push_back({bytes, spoken.ms});
      } else if (letter) {
        spoken.ms += number(45, 85);
        bool const last = i + 1 == letters.size() || !(core::is_latin_letter(letters[i + 1]) || letters[i + 1] == U'\'');
        if (last) spoken.words.push_back({bytes, spoken.ms += number(20, 60)});
      } else if (!core::is_space(c) && i + 1 < letters.size()) {
        spoken.ms += number(120, 300);
      }
    }
    spoken.ms += number(60, 150);
    return spoken;
  }

 private:
  std::mt19937_64 dice_;
};

constexpr std::string_view texts[] = {
    "从前有一座山，山上有一座庙，庙里有一个老和尚在给小和尚讲故事。",
    "北京今天多云转晴，最高气温26度，最低气温15度，适合出门散步。",
    "您的订单已经发出，预计后天下午送到，请保持手机畅通。",
    "这个问题可以分成三步，先打开设置，再选择网络，最后点击重新连接。",
    "我推荐您去西湖看看，早上人少，空气也好，还可以坐船。",
    "Once upon a time, there lived an old wizard who had a very small cat and a very large hat.",
    "The train to London leaves at nine, and it takes about two hours to get there.",
    "You can reset your password in the settings, under security, and then check your email.",
    "I would suggest the soup of the day, which comes with fresh bread and a little butter.",
    "Yesterday it rained all morning, but the sun came out before we reached the harbour."};

TEST(HeardSet, fifty_interruptions_keep_what_was_heard_and_fall_silent_at_once) {
  int worst_zh = 0, worst_en = 0, exact = 0;
  std::int64_t slowest = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    SCOPED_TRACE("interruption " + std::to_string(i));
    Voice voice(300 + i);
    auto const text = texts[i % std::size(texts)];
    bool const zh = core::guess_language(text) == "zh";
    auto settings = Scenario::spoken(zh ? "zh" : "en");
    settings.player_holds = true;
    Scenario s(settings);
    s.user_says(zh ? "讲讲吧。" : "Go ahead.");
    s.token(std::string(text));
    s.done();
    // The voice makes each clause as it is asked for.
    std::vector<Said> said;
    std::int64_t sound_ms = 0;
    std::size_t bytes = 0;
    for (std::size_t done = 0; done < s.count<Speak>(); ++done) {
      auto const speak = s.got<Speak>()[done];
      auto const spoken = voice.speak(speak.text);
      for (auto const& word : spoken.words) said.push_back({bytes + word.end, sound_ms + word.over});
      bytes += speak.text.size();
      sound_ms += spoken.ms;
      s.sound(speak.clause, spoken.ms);
    }
    ASSERT_EQ(bytes, text.size()) << "the clauses joined are the text";
    auto const wait = voice.number(300, static_cast<int>(sound_ms) - 500);
    auto const playing_since = s.now();
    s.silence(wait);
    auto const played = std::chrono::duration_cast<Milliseconds>(s.now() - playing_since).count();
    s.voice(224);
    ASSERT_EQ(s.count<PlayHeld>(), 1U);
    s.words(zh ? "等一下" : "Wait");
    ASSERT_EQ(s.count<SpeechStarted>(), 2U);
    // The item as it stands: the answer had been handed over whole, so it is truncated.
    auto const cut = s.last<ItemNews>();
    ASSERT_EQ(cut.what, ItemNews::What::truncated);
    auto const heard_ms = cut.item.heard.ms();
    slowest = std::max(slowest, heard_ms - played);
    int truly = 0, kept = 0;
    for (auto const& word : said) {
      truly += word.over <= heard_ms;
      kept += word.end <= cut.item.text.size();
    }
    auto const error = std::abs(truly - kept);
    (zh ? worst_zh : worst_en) = std::max(zh ? worst_zh : worst_en, error);
    exact += error == 0;
    EXPECT_LE(error, zh ? 2 : 1) << text.substr(0, cut.item.text.size()) << " | " << heard_ms << " ms";
  }
  EXPECT_LE(slowest, 150) << "the last sample of the answer after the first of the voice";
  RecordProperty("worst_zh_characters", worst_zh);
  RecordProperty("worst_en_words", worst_en);
  RecordProperty("exact", exact);
  RecordProperty("last_sample_after_ms", static_cast<int>(slowest));
}

}  // namespace
}  // namespace parley::conversation
