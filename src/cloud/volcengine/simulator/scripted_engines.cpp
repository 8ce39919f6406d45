#include "cloud/volcengine/simulator/scripted_engines.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>

#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

constexpr float heard_level = 0.003F;  // louder than the noise of a quiet room

class ScriptedStream final : public speech::UtteranceRecogniser {
 public:
  ScriptedStream(std::function<std::string()> line, speech::Recogniser::Sink sink)
      : line_(std::move(line)), sink_(std::move(sink)) {}
  void push(std::span<float const> samples) override {
    constexpr std::size_t window = audio::heard_hz / 50;
    for (; !samples.empty(); samples = samples.subspan(std::min(window, samples.size()))) {
      auto const part = samples.first(std::min(window, samples.size()));
      if (std::ranges::any_of(part, [](float s) { return std::abs(s) > heard_level; })) loud_ += part.size();
    }
  }
  void transcribe(std::uint64_t revision, core::Urgency urgency) override {
    if (loud_ > 0 && text_.empty()) text_ = line_();
    auto text = urgency == core::Urgency::partial ? said_so_far() : text_;
    auto const language = std::string(core::guess_language(text));
    sink_(speech::Transcript{revision, std::move(text), language, 0});
  }

 private:
  [[nodiscard]] std::string said_so_far() const {
    auto const whole = core::decode_utf8(text_);
    std::size_t left = loud_ * 1000 / audio::heard_hz, count = 0;
    for (; count < whole.size(); ++count) {
      std::size_t const takes = core::is_han(whole[count]) ? 160 : 55;
      if (left < takes) break;
      left -= takes;
    }
    return core::encode_utf8(std::u32string_view(whole).substr(0, count));
  }

  std::function<std::string()> line_;
  speech::Recogniser::Sink sink_;
  std::string text_;
  std::size_t loud_ = 0;  // samples
};

class ScriptedRecogniser final : public speech::Recogniser {
 public:
  explicit ScriptedRecogniser(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    return std::make_unique<ScriptedStream>([this] { return lines_.empty() ? "" : lines_[next_++ % lines_.size()]; },
                                            std::move(sink));
  }

 private:
  std::vector<std::string> lines_;
  mutable std::atomic<std::size_t> next_ = 0;
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

std::shared_ptr<speech::Recogniser const> scripted_recogniser(std::vector<std::string> lines) {
  return std::make_shared<ScriptedRecogniser>(std::move(lines));
}
std::shared_ptr<language::Model> scripted_model() { return std::make_shared<ScriptedModel>(); }
std::shared_ptr<speech::Synthesiser const> scripted_synthesiser() { return std::make_shared<ScriptedSynthesiser>(); }

}  // namespace parley::cloud::volcengine
