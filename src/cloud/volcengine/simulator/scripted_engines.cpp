#include "cloud/volcengine/simulator/scripted_engines.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <numbers>
#include <utility>

#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

constexpr float heard_level = 0.003F;  // louder than the noise of a quiet room

struct Line {
  std::string text;
  std::size_t ms = 0;  ///< of loud sound; 0: by its characters
};

Line line_of(std::string const& written) {
  auto const tab = written.find('\t');
  if (tab == std::string::npos) return {written};
  return {written.substr(0, tab), static_cast<std::size_t>(std::max(0, std::atoi(written.c_str() + tab + 1)))};
}

/// Loud sound that a character takes.
std::size_t ms_of(char32_t c) {
  if (core::is_han(c)) return 160;
  return core::is_latin_letter(c) || core::is_ascii_digit(c) || core::is_space(c) ? 55 : 0;
}

/// The lines in turn, and first of all the rest of one in whose middle somebody paused. Thread-safe.
class Script {
 public:
  explicit Script(std::vector<std::string> const& written) {
    for (auto const& line : written) lines_.push_back(line_of(line));
  }
  Line next() {
    std::lock_guard const lock(mutex_);
    if (!rest_.text.empty()) return std::exchange(rest_, {});
    return lines_.empty() ? Line{} : lines_[next_++ % lines_.size()];
  }
  void leave(Line rest) {
    std::lock_guard const lock(mutex_);
    rest_ = std::move(rest);
  }

 private:
  std::mutex mutex_;
  std::vector<Line> lines_;
  std::size_t next_ = 0;
  Line rest_;
};

class ScriptedStream final : public speech::UtteranceRecogniser {
 public:
  ScriptedStream(std::shared_ptr<Script> script, std::chrono::milliseconds lag, speech::Recogniser::Sink sink)
      : script_(std::move(script)), lag_(static_cast<std::size_t>(lag.count())), sink_(std::move(sink)) {}
  void push(std::span<float const> samples) override {
    constexpr std::size_t window = audio::heard_hz / 50;
    for (; !samples.empty(); samples = samples.subspan(std::min(window, samples.size()))) {
      auto const part = samples.first(std::min(window, samples.size()));
      if (std::ranges::any_of(part, [](float s) { return std::abs(s) > heard_level; })) loud_ += part.size();
      total_ += part.size();
      heard_.emplace_back(total_, loud_);
    }
  }
  void transcribe(std::uint64_t revision, core::Urgency urgency) override {
    if (loud_ > 0 && line_.text.empty()) line_ = script_->next();
    auto text = urgency == core::Urgency::partial ? said_so_far() : said();
    auto const language = std::string(core::guess_language(text));
    sink_(speech::Transcript{revision, std::move(text), language, 0});
  }

 private:
  /// Milliseconds of loud sound up to `lag` ago.
  [[nodiscard]] std::size_t known_ms() const {
    auto const until = total_ - std::min(total_, lag_ * audio::heard_hz / 1000);
    auto const behind = std::ranges::upper_bound(heard_, until, {}, &std::pair<std::size_t, std::size_t>::first);
    return behind == heard_.begin() ? 0 : std::prev(behind)->second * 1000 / audio::heard_hz;
  }
  [[nodiscard]] std::string said_so_far() const {
    auto const whole = core::decode_utf8(line_.text);
    auto left = known_ms();
    std::size_t count = 0;
    if (line_.ms > 0) {
      count = std::min(whole.size(), (left * whole.size() + line_.ms / 2) / line_.ms);  // once half of it has been said
    } else {
      for (; count < whole.size() && left >= ms_of(whole[count]); ++count) left -= ms_of(whole[count]);
    }
    return core::encode_utf8(std::u32string_view(whole).substr(0, count));
  }

  /// The whole line, unless much less sound has come than it takes: then the rest of it is left to the next stream.
  [[nodiscard]] std::string said() {
    auto const ms = loud_ * 1000 / audio::heard_hz;
    if (ms >= line_.ms * 4 / 5) return line_.text;
    auto const whole = core::decode_utf8(line_.text);
    auto const count = (ms * whole.size() + line_.ms / 2) / line_.ms;
    script_->leave({core::encode_utf8(std::u32string_view(whole).substr(count)), line_.ms - ms});
    line_ = {core::encode_utf8(std::u32string_view(whole).substr(0, count)), ms};
    return line_.text;
  }

  std::shared_ptr<Script> script_;
  std::size_t lag_;  // ms
  speech::Recogniser::Sink sink_;
  Line line_;
  std::size_t total_ = 0, loud_ = 0;                        // samples
  std::vector<std::pair<std::size_t, std::size_t>> heard_;  // both of them, as they grew
};

class ScriptedRecogniser final : public speech::Recogniser {
 public:
  ScriptedRecogniser(std::vector<std::string> const& lines, std::chrono::milliseconds lag)
      : script_(std::make_shared<Script>(lines)), lag_(lag) {}
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    return std::make_unique<ScriptedStream>(script_, lag_, std::move(sink));
  }

 private:
  std::shared_ptr<Script> script_;
  std::chrono::milliseconds lag_;
};

class ScriptedModel final : public language::Model {
 public:
  std::string name() const override { return "scripted"; }
  core::Job generate(language::GenerateRequest request, Sink sink) override {
    auto const asked = request.messages.empty() ? std::string() : request.messages.back().text;
    bool const chinese = core::guess_language(asked) != "en";
    auto const answer = core::decode_utf8(chinese ? "您刚才说的是：" + asked + "。我记下了，还有什么可以帮您？"
                                                  : "You said: " + asked + ". I made a note of it, what else can I do?");
    constexpr std::size_t piece = 4;
    for (std::size_t at = 0; at < answer.size(); at += piece) {
      sink(language::Delta{core::encode_utf8(std::u32string_view(answer).substr(at, piece))});
    }
    auto const tokens = static_cast<int>(answer.size() / piece + 1);
    sink(language::Finish{language::FinishReason::stop, {static_cast<int>(request.messages.size()) * 20, 0, tokens}});
    return {};
  }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }
};

class ScriptedSynthesiser final : public speech::Synthesiser {
 public:
  std::vector<speech::VoiceInfo> voices() const override { return {{"scripted", {"zh", "en"}, "a hum"}}; }
  core::Result<void> check(std::string const&) const override { return {}; }
  core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    constexpr std::size_t block = audio::spoken_hz / 10;
    auto const length = core::count_code_points(request.text) * audio::spoken_hz * 60 / 1000;
    for (std::size_t at = 0; at < length; at += block) {
      audio::Samples samples(std::min(block, length - at));
      for (std::size_t i = 0; i < samples.size(); ++i) {
        auto const t = static_cast<double>(at + i) / audio::spoken_hz;
        samples[i] = 0.2F * static_cast<float>(std::sin(2 * std::numbers::pi * 220 * t));
      }
      sink(speech::SpokenBlock{std::move(samples), false});
    }
    sink(speech::SpokenBlock{{}, true});
    return {};
  }
};

}  // namespace

std::shared_ptr<speech::Recogniser const> scripted_recogniser(std::vector<std::string> const& lines,
                                                              std::chrono::milliseconds lag) {
  return std::make_shared<ScriptedRecogniser>(lines, lag);
}
std::shared_ptr<language::Model> scripted_model() { return std::make_shared<ScriptedModel>(); }
std::shared_ptr<speech::Synthesiser const> scripted_synthesiser() { return std::make_shared<ScriptedSynthesiser>(); }

}  // namespace parley::cloud::volcengine
