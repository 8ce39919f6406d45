#pragma once
// For tests: a conversation with a clock of its own, told in words. `voice(500)` is half a second of somebody talking,
// `words("…")` is the transcript that was asked for last.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conversation/command_line.hpp"
#include "conversation/conversation.hpp"

namespace parley::conversation {

inline audio::SharedSamples sound_of_ms(std::int64_t ms) {
  return std::make_shared<audio::Samples const>(static_cast<std::size_t>(audio::Spoken::from_ms(ms).samples), 0.1F);
}

class Scenario {
 public:
  Scenario() : Scenario(spoken("zh")) {}
  explicit Scenario(Settings const& settings, std::uint64_t seed = 1) : call_(settings, seed), settings_(settings) {}

  static Settings spoken(std::string language, TurnTaking::Kind kind = TurnTaking::Kind::semantic) {
    Settings s;
    s.instructions = language == "zh" ? "你是小鹿。" : "You are Fawn.";
    s.language = std::move(language);
    s.voices = {{"zh", "kokoro:zf"}, {"en", "piper:joe"}};
    s.turns.kind = kind;
    return s;
  }

  // ---- what happens
  std::vector<Command> tell(Event const& event) {
    auto out = call_.on(now_, event);
    all_.insert(all_.end(), out.begin(), out.end());
    return out;
  }
  void frames(std::int64_t ms, float voice) {
    for (std::int64_t done = 0; done < ms; done += 32) {
      pass(32);
      end_ = end_ + audio::Heard{512};
      tell(FrameHeard{end_, voice, voice > 0.5F ? -20.0F : -70.0F});
    }
  }
  void voice(std::int64_t ms) { frames(ms, 0.9F); }
  void silence(std::int64_t ms) { frames(ms, 0.02F); }
  /// Time goes by and no sound comes.
  void pass(std::int64_t ms) {
    auto const until = now_ + Milliseconds(ms);
    while (call_.wake_at() <= until) {
      now_ = std::max(now_, call_.wake_at());
      tell(Woken{});
      if (call_.wake_at() <= now_) break;  // a test of its own makes sure that this does not happen
    }
    now_ = until;
  }
  void words(core::Result<std::string> text) {
    auto const asked = last<Transcribe>();
    tell(TranscriptArrived{asked.utterance, asked.revision, std::move(text)});
  }
  /// What a recogniser that listens along tells.
  void unasked(std::string text) { tell(TranscriptArrived{last<OpenUtterance>().utterance, 0, std::move(text)}); }
  void finished(core::Result<float> probability) {
    auto const asked = last<PredictEnd>();
    tell(EndPredicted{asked.utterance, asked.revision, std::move(probability)});
  }
  void token(std::string text) { tell(PieceArrived{last<Generate>().reply, language::Delta{std::move(text)}}); }
  void done(language::FinishReason reason = language::FinishReason::stop) {
    tell(PieceArrived{last<Generate>().reply, language::Finish{reason, {10, 5, 3}}});
  }
  void sound(int clause, std::int64_t ms, bool last_block = true) {
    tell(SoundArrived{last<Speak>().reply, clause, sound_of_ms(ms), last_block});
  }
  /// A whole turn of the user's, up to the answer being asked for.
  void user_says(std::string text, std::int64_t ms = 1000) {
    voice(ms);
    silence(320);
    words(std::move(text));
    if (settings_.turns.kind == TurnTaking::Kind::semantic) finished(0.9F);
    if (settings_.turns.kind == TurnTaking::Kind::silence) silence(settings_.turns.silence.count());
  }
  void user_says_nothing() {
    voice(1000);
    silence(3000);
  }
  void change(Settings settings) {
    settings_ = settings;
    tell(SettingsChanged{std::move(settings)});
  }

  // ---- what came of it
  template <class T>
  [[nodiscard]] std::vector<T> got() const {
    std::vector<T> out;
    for (auto const& c : all_) {
      if (auto const* t = std::get_if<T>(&c)) out.push_back(*t);
    }
    return out;
  }
  template <class T>
  [[nodiscard]] std::size_t count() const {
    return got<T>().size();
  }
  template <class T>
  [[nodiscard]] T last() const {
    auto const all = got<T>();
    if (all.empty()) throw std::logic_error("no such command so far");
    return all.back();
  }
  [[nodiscard]] std::vector<language::Message> context() const { return last<Generate>().request.messages; }
  [[nodiscard]] std::string text_sent() const {
    std::string out;
    for (auto const& t : got<ReplyText>()) out += t.delta;
    return out;
  }
  /// The order of the news, by their first word.
  [[nodiscard]] std::string story() const {
    std::string out;
    for (auto const& c : all_) {
      auto const line = to_line(c);
      out += line.substr(0, line.find(' ')) + " ";
    }
    return out;
  }
  void forget() { all_.clear(); }
  [[nodiscard]] Conversation& call() { return call_; }
  [[nodiscard]] core::Instant now() const { return now_; }
  [[nodiscard]] std::vector<Command> const& all() const { return all_; }

 private:
  Conversation call_;
  Settings settings_;
  core::Instant now_ = core::Instant{} + std::chrono::hours(1);
  audio::Heard end_;
  std::vector<Command> all_;
};

inline ReplyAsked say(std::string text) {
  ReplyAsked asked;
  asked.overrides.say = std::move(text);
  return asked;
}

inline ReplyAsked outside() {
  ReplyAsked asked;
  asked.overrides.outside = true;
  asked.overrides.speak = false;
  return asked;
}

/// Somebody asks, and the answer of two clauses (1.5 s each) has been handed over whole at once.
inline Scenario answered(std::string language = "zh") {
  Scenario s(Scenario::spoken(language));
  bool const zh = language == "zh";
  s.user_says(zh ? "讲个故事吧。" : "Tell me a story.");
  s.token(zh ? "从前有一座山，" : "Once upon a time,");
  s.token(zh ? "山上有一个老和尚。" : " there lived an old wizard.");
  s.done();
  s.sound(0, 1500);
  s.sound(1, 1500);
  return s;
}

}  // namespace parley::conversation
