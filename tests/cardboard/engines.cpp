#include "cardboard/engines.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/utf8.hpp"

namespace parley::cardboard {
namespace {

namespace asio = boost::asio;
using asio::any_io_executor;
using std::chrono::milliseconds;

constexpr float loud = 0.02F;  // root mean square of a frame with a voice in it

float rms(std::span<float const> samples) {
  double sum = 0;
  for (float const sample : samples) sum += static_cast<double>(sample) * sample;
  return samples.empty() ? 0.0F : static_cast<float>(std::sqrt(sum / static_cast<double>(samples.size())));
}

/// Calls `step` until it says false, with a pause between. Keeps itself alive by its timer.
class Steps : public std::enable_shared_from_this<Steps> {
 public:
  Steps(any_io_executor const& executor, milliseconds pause, std::function<bool()> step)
      : timer_(executor), pause_(pause), step_(std::move(step)) {}

  void next() {
    timer_.expires_after(pause_);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->step_()) self->next();
    });
  }

 private:
  asio::steady_timer timer_;
  milliseconds pause_;
  std::function<bool()> step_;
};

core::Job run(any_io_executor const& executor, milliseconds pause, std::function<bool(std::stop_token const&)> step) {
  std::stop_source stop;
  std::make_shared<Steps>(executor, pause, [step = std::move(step), token = stop.get_token()] { return step(token); })->next();
  return core::Job(std::move(stop));
}

class Loudness final : public speech::VoiceActivityDetector {
 public:
  core::Result<std::unique_ptr<speech::VoiceActivityStream>> open() const override { return std::make_unique<Stream>(); }

 private:
  struct Stream final : speech::VoiceActivityStream {
    core::Result<float> push(std::span<float const> frame) override { return rms(frame) > loud ? 0.95F : 0.01F; }
  };
};

class AlwaysFinished final : public speech::EndOfTurnDetector {
 public:
  explicit AlwaysFinished(any_io_executor executor) : executor_(std::move(executor)) {}
  core::Job predict(audio::SharedSamples, Sink sink) const override {
    return run(executor_, milliseconds(20), [sink = std::move(sink)](std::stop_token const&) {
      sink(0.95F);
      return false;
    });
  }

 private:
  any_io_executor executor_;
};

/// The pitch by counting how often the loud part crosses zero.
std::string words_of(std::span<float const> sound) {
  constexpr std::size_t window = 160;
  std::size_t crossings = 0, counted = 0;
  for (std::size_t at = 0; at + window <= sound.size(); at += window) {
    auto const part = sound.subspan(at, window);
    if (rms(part) <= loud) continue;
    counted += window;
    for (std::size_t i = std::max<std::size_t>(at, 1); i < at + window; ++i)
      crossings += (sound[i - 1] < 0) != (sound[i] < 0) ? 1 : 0;
  }
  if (counted < audio::heard_hz / 10) return "";
  double const hz = static_cast<double>(crossings) / 2 * audio::heard_hz / static_cast<double>(counted);
  for (auto const& sentence : sentences) {
    if (std::abs(hz - sentence.hz) < 0.12 * sentence.hz) return sentence.words;
  }
  return "hello";
}

class PitchReader final : public speech::Recogniser {
 public:
  explicit PitchReader(any_io_executor executor) : executor_(std::move(executor)) {}
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    return std::make_unique<Utterance>(executor_, std::move(sink));
  }

 private:
  struct Utterance final : speech::UtteranceRecogniser {
    Utterance(any_io_executor e, Sink s) : executor(std::move(e)), sink(std::move(s)) {}
    void push(std::span<float const> samples) override { sound.insert(sound.end(), samples.begin(), samples.end()); }
    void transcribe(std::uint64_t revision, core::Urgency) override {
      job = run(executor, milliseconds(60), [out = sink, revision, words = words_of(sound)](std::stop_token const& stop) {
        if (!stop.stop_requested()) out(speech::Transcript{revision, words, "zh", -0.1F});
        return false;
      });
    }
    any_io_executor executor;
    Sink sink;
    audio::Samples sound;
    core::Job job;
  };
  any_io_executor executor_;
};

bool has_any(std::string const& text, std::initializer_list<char const*> words) {
  for (auto const* word : words) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

/// The first sentence of the first passage, cited, and one that no passage has.
std::string answer_from(std::string const& passages) {
  auto const begin = passages.find("[1] ") + 4;
  auto const line = passages.substr(begin, passages.find('\n', begin) - begin);
  bool const chinese = core::guess_language(line) == "zh";
  auto const end = line.find(chinese ? "。" : ". ");
  auto const sentence = line.substr(0, end) + (chinese ? "。" : ".");
  return sentence + (chinese ? "[1]另外还送99个杯子。" : " [1] There are 99 free cups as well.");
}

/// Chinese is answered in Chinese; whoever asks for a story gets a long one.
std::string answer_to(std::string const& said) {
  if (said.starts_with("资料：") || said.starts_with("Passages:")) return answer_from(said);
  bool const chinese = core::count_code_points(said) < said.size();
  std::string answer = chinese ? "你说的是：“" + said + "”。" : "You said: " + said + " ";
  if (has_any(said, {"story", "故事", "count", "数到"})) {
    for (int i = 1; i <= 30; ++i) {
      answer += chinese ? "从前有座山，这是第" + std::to_string(i) + "句话。"
                        : "Once upon a time there was sentence number " + std::to_string(i) + ". ";
    }
  }
  return answer;
}

class Echo final : public language::Model {
 public:
  explicit Echo(any_io_executor executor) : executor_(std::move(executor)) {}
  std::string name() const override { return "cardboard"; }

  core::Job generate(language::GenerateRequest request, Sink sink) override {
    std::string said;
    for (auto const& message : request.messages) {
      if (message.speaker == language::Speaker::user) said = message.text;
    }
    bool const answered = !request.messages.empty() && request.messages.back().speaker == language::Speaker::tool;
    if (answered) said = "the tool's " + request.messages.back().text;
    if (!answered && !request.tools.empty() && has_any(said, {"weather", "天气"})) return ask_tool(request, std::move(sink));
    auto state = std::make_shared<State>();
    state->text = answer_to(said);
    state->usage = {static_cast<int>(10 * request.messages.size()), 0, 0};
    state->most = request.sampling.max_tokens;
    return run(executor_, milliseconds(8), [state, sink = std::move(sink)](std::stop_token const& stop) {
      if (stop.stop_requested()) return false;
      if (state->at >= state->text.size() || state->usage.completion_tokens >= state->most) {
        bool const whole = state->at >= state->text.size();
        sink(language::Finish{whole ? language::FinishReason::stop : language::FinishReason::length, state->usage});
        return false;
      }
      std::size_t end = std::min(state->text.size(), state->at + 6);
      while (end < state->text.size() && (static_cast<unsigned char>(state->text[end]) & 0xC0) == 0x80) ++end;
      sink(language::Delta{state->text.substr(state->at, end - state->at)});
      state->at = end;
      ++state->usage.completion_tokens;
      return true;
    });
  }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }

 private:
  /// The first tool is asked for, its arguments in two parts.
  core::Job ask_tool(language::GenerateRequest const& request, Sink sink) {
    std::string const id = "call_" + std::to_string(++calls_);
    return run(executor_, milliseconds(20),
               [id, name = request.tools.front().name, sink = std::move(sink)](std::stop_token const& stop) {
                 if (stop.stop_requested()) return false;
                 sink(language::ToolCallBegan{id, name});
                 sink(language::ToolCallArguments{id, R"({"city":)"});
                 sink(language::ToolCallArguments{id, R"("Paris"})"});
                 sink(language::Finish{language::FinishReason::tool_calls, {20, 0, 8}});
                 return false;
               });
  }

  struct State {
    std::string text;
    std::size_t at = 0;
    language::Usage usage;
    int most = 0;
  };
  any_io_executor executor_;
  std::atomic<int> calls_ = 0;
};

/// 120 ms of tone for a Chinese character, 45 ms for a Latin letter; 200 ms of it every 15 ms.
class Tone final : public speech::Synthesiser {
 public:
  explicit Tone(any_io_executor executor) : executor_(std::move(executor)) {}

  std::vector<speech::VoiceInfo> voices() const override {
    return {{"kokoro:zf_xiaoxiao", {"zh"}, "晓晓"},   {"kokoro:zf_xiaobei", {"zh"}, "晓贝"},
            {"kokoro:zm_yunxi", {"zh"}, "云希"},      {"kokoro:zm_yunyang", {"zh"}, "云扬"},
            {"kokoro:af_heart", {"en"}, "Heart"},     {"kokoro:bf_emma", {"en"}, "Emma"},
            {"piper:en_US-joe-medium", {"en"}, "Joe"}};
  }
  core::Result<void> check(std::string const&) const override { return {}; }

  core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    auto const points = core::count_code_points(request.text);
    auto const wide = (request.text.size() - points) / 2;  // three bytes a Chinese character
    auto const ms = 120 * wide + 45 * (points - std::min(points, wide));
    auto left = std::make_shared<std::size_t>(static_cast<std::size_t>(static_cast<float>(ms * 24) / request.speed));
    // Another voice is another pitch.
    double const hz = 180 + static_cast<double>(std::hash<std::string>{}(request.voice) % 120);
    auto phase = std::make_shared<double>(0);
    return run(executor_, milliseconds(15), [left, phase, hz, sink = std::move(sink)](std::stop_token const& stop) {
      if (stop.stop_requested()) return false;
      audio::Samples samples(std::min<std::size_t>(*left, audio::spoken_hz / 5));
      // A sine of its two predecessors: thousands of calls may be spoken to at once.
      double const turn = 2 * std::numbers::pi * hz / audio::spoken_hz;
      double const twice = 2 * std::cos(turn);
      double before = 0.2 * std::sin(*phase - turn), now = 0.2 * std::sin(*phase);
      for (auto& sample : samples) {
        sample = static_cast<float>(now);
        before = std::exchange(now, twice * now - before);
      }
      *phase += turn * static_cast<double>(samples.size());
      *left -= samples.size();
      bool const last = *left == 0;
      sink(speech::SpokenBlock{std::move(samples), last});
      return !last;
    });
  }

 private:
  any_io_executor executor_;
};

}  // namespace

conversation::Engines engines(any_io_executor executor) {
  return {std::make_shared<Loudness>(), std::make_shared<AlwaysFinished>(executor), std::make_shared<PitchReader>(executor),
          std::make_shared<Echo>(executor), std::make_shared<Tone>(executor)};
}

}  // namespace parley::cardboard
