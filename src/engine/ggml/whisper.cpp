#include "engine/ggml/whisper.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "core/log.hpp"
#include "engine/ggml/transcript_text.hpp"
#include "engine/ggml/whisper_utterance.hpp"
#include "engine/ggml/word_times.hpp"

namespace parley::engine {
namespace {

constexpr std::chrono::milliseconds step_budget{35};  // a token takes 5: the step ends within 50

using Utterance = std::shared_ptr<WhisperUtterance>;
using Request = std::shared_ptr<WhisperRequest>;

}  // namespace

/// The requests of all utterances, a lane for each urgency. `submit` from any thread; everything else on the arbiter's.
class WhisperLanes : public std::enable_shared_from_this<WhisperLanes> {
 public:
  WhisperLanes(std::shared_ptr<WhisperWeights const> weights, std::shared_ptr<Simplifier const> simplify, WhisperState state,
               Arbiter& arbiter)
      : weights_(std::move(weights)), simplify_(std::move(simplify)), arbiter_(arbiter), threads_(arbiter.cores()) {
    idle_.push_back(std::move(state));
  }

  void submit(Utterance utterance, Request request);
  [[nodiscard]] bool knows_language(std::string const& language) const { return weights_->knows_language(language); }

 private:
  struct Entry {
    Utterance utterance;
    Request request;
  };
  /// The transcription under way: declared so that the pass dies before the memory it has borrowed.
  struct Running {
    Entry entry;
    WhisperState state;
    WhisperUtterance::Window window;
    std::optional<WhisperPass> pass;
  };
  struct Lane {
    std::deque<Entry> waiting;
    bool pumping = false;
    core::Job job;
    std::unique_ptr<Running> running;  // only on the arbiter's thread
  };

  Step pump(Lane& lane);
  [[nodiscard]] std::optional<Entry> next(Lane& lane);
  void begin(Lane& lane, Entry entry);
  void start_window(Running& running);
  bool advance(Running& running);
  [[nodiscard]] std::string written(std::string text, std::string const& language) const;
  [[nodiscard]] std::vector<speech::Segment> segments_of(Running const& running, WindowText const& figures) const;
  void answer(Running& running, std::uint64_t revision, std::string tail, WindowText const& figures);
  void finish(Lane& lane);

  std::shared_ptr<WhisperWeights const> weights_;
  std::shared_ptr<Simplifier const> simplify_;
  Arbiter& arbiter_;
  WhisperPass::Threads threads_;    // only on the arbiter's thread, like
  std::vector<WhisperState> idle_;  // the working memories that nobody uses
  std::mutex mutex_;                // guards `waiting`, `pumping` and `job` of the lanes
  std::array<Lane, core::urgency_levels> lanes_;
};

void WhisperLanes::submit(Utterance utterance, Request request) {
  auto const urgency = request->urgency;
  Lane& lane = lanes_[static_cast<std::size_t>(urgency)];
  std::lock_guard lock(mutex_);
  lane.waiting.push_back({std::move(utterance), std::move(request)});
  if (lane.pumping) return;
  lane.pumping = true;
  lane.job = arbiter_.submit(urgency, [self = shared_from_this(), &lane](std::stop_token) { return self->pump(lane); });
}

Step WhisperLanes::pump(Lane& lane) {
  if (lane.running && lane.running->entry.request->dropped) finish(lane);
  if (!lane.running) {
    auto entry = next(lane);
    if (!entry) return Step::done;
    begin(lane, std::move(*entry));
    return Step::again;
  }
  if (advance(*lane.running)) finish(lane);
  return Step::again;
}

std::optional<WhisperLanes::Entry> WhisperLanes::next(Lane& lane) {
  std::lock_guard lock(mutex_);
  while (!lane.waiting.empty()) {
    Entry entry = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    if (!entry.request->dropped) return entry;
  }
  lane.pumping = false;
  return std::nullopt;
}

void WhisperLanes::begin(Lane& lane, Entry entry) {
  entry.utterance->begin(entry.request);
  auto running = std::make_unique<Running>();
  running->entry = std::move(entry);
  if (!idle_.empty()) {
    running->state = std::move(idle_.back());
    idle_.pop_back();
  } else if (auto state = weights_->new_state()) {
    running->state = std::move(*state);
  } else {
    running->entry.utterance->end(running->entry.request);
    running->entry.utterance->sink(std::unexpected(state.error()));
    return;
  }
  start_window(*running);
  lane.running = std::move(running);
}

void WhisperLanes::start_window(Running& running) {
  auto const& options = running.entry.utterance->options;
  running.window = running.entry.utterance->next_window(running.entry.request->until);
  running.pass.emplace(*weights_, *running.state, running.window.samples,
                       WhisperPass::Options{options.language, options.prompt, options.times, running.window.draft}, threads_);
}

/// One step. True when the request is done with.
bool WhisperLanes::advance(Running& running) {
  if (!running.pass->step(step_budget)) return false;
  auto const& result = running.pass->result();
  if (!result) {
    running.entry.utterance->sink(std::unexpected(result.error()));
    return true;
  }
  std::string text = written(result->text, result->language);
  if (running.window.last) {
    running.entry.utterance->remember(running.window, result->words);
    // A request that was made while this one ran must be able to replace it from inside the sink.
    running.entry.utterance->end(running.entry.request);
    answer(running, running.entry.request->revision, std::move(text), *result);
    return true;
  }
  running.entry.utterance->settle(running.window, std::move(text), segments_of(running, *result), *result);
  if (running.entry.utterance->options.recording) answer(running, 0, {}, {});
  start_window(running);
  return false;
}

std::string WhisperLanes::written(std::string text, std::string const& language) const {
  if (language == "zh") text = (*simplify_)(text);
  return tidy_transcript(text);
}

std::vector<speech::Segment> WhisperLanes::segments_of(Running const& running, WindowText const& figures) const {
  std::vector<speech::Segment> segments;
  for (auto const& said : figures.segments) {
    speech::Segment segment;
    segment.text = written(said.text, figures.language);
    if (segment.text.empty()) continue;
    std::span<float const> const samples(running.window.samples);
    auto const first = std::min(static_cast<std::size_t>(said.begin_s * audio::heard_hz), samples.size());
    auto const last = std::clamp(static_cast<std::size_t>(said.end_s * audio::heard_hz), first, samples.size());
    segment.begin = {running.window.first + static_cast<std::int64_t>(first)};
    segment.end = {running.window.first + static_cast<std::int64_t>(last)};
    segment.words = place_words(segment.text, samples.subspan(first, last - first), segment.begin);
    segment.mean_log_probability = static_cast<float>(said.log_probability / std::max(said.tokens, 1));
    segment.no_speech = figures.no_speech;
    segments.push_back(std::move(segment));
  }
  return segments;
}

void WhisperLanes::answer(Running& running, std::uint64_t revision, std::string tail, WindowText const& figures) {
  auto settled = running.entry.utterance->settled();
  speech::Transcript transcript;
  transcript.revision = revision;
  transcript.text = join_transcripts(settled.text, tail);
  transcript.language = figures.language.empty() ? settled.language : figures.language;
  transcript.segments = std::move(settled.segments);
  std::ranges::move(segments_of(running, figures), std::back_inserter(transcript.segments));
  if (int const tokens = settled.tokens + figures.tokens; tokens > 0) {
    transcript.mean_log_probability = static_cast<float>((settled.log_probability + figures.log_probability) / tokens);
  }
  if (!running.entry.request->dropped) running.entry.utterance->sink(std::move(transcript));
}

void WhisperLanes::finish(Lane& lane) {
  auto running = std::exchange(lane.running, nullptr);
  running->entry.utterance->end(running->entry.request);
  running->pass.reset();
  idle_.push_back(std::move(running->state));
}

namespace {

class Handle final : public speech::UtteranceRecogniser {
 public:
  Handle(std::shared_ptr<WhisperLanes> lanes, Utterance utterance)
      : lanes_(std::move(lanes)), utterance_(std::move(utterance)) {}
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;
  ~Handle() override { utterance_->close(); }

  void push(std::span<float const> samples) override {
    if (utterance_->push(samples)) transcribe(0, core::Urgency::partial);
  }
  void transcribe(std::uint64_t revision, core::Urgency urgency) override {
    lanes_->submit(utterance_, utterance_->ask(revision, urgency));
  }

 private:
  std::shared_ptr<WhisperLanes> lanes_;
  Utterance utterance_;
};

}  // namespace

core::Result<std::shared_ptr<Whisper>> Whisper::load(std::filesystem::path const& model, Arbiter& arbiter) {
  auto weights = WhisperWeights::load(model.string());
  if (!weights) return std::unexpected(weights.error());
  auto simplify = Simplifier::load();
  if (!simplify) return std::unexpected(simplify.error());
  auto state = (*weights)->new_state();  // the first request shall not pay for it
  if (!state) return std::unexpected(state.error());
  return std::shared_ptr<Whisper>(new Whisper(std::make_shared<WhisperLanes>(*weights, *simplify, std::move(*state), arbiter)));
}

std::unique_ptr<speech::UtteranceRecogniser> Whisper::open(speech::RecogniserOptions options, Sink sink) const {
  if (!options.language.empty() && !lanes_->knows_language(options.language)) {
    spdlog::info("Whisper does not know the language \"{}\": it will be detected", options.language);
    options.language.clear();
  }
  return std::make_unique<Handle>(lanes_, std::make_shared<WhisperUtterance>(std::move(options), std::move(sink)));
}

}  // namespace parley::engine
