#include "conversation/call.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "audio/level.hpp"
#include "conversation/conversation.hpp"
#include "conversation/echo_guard.hpp"
#include "conversation/heard_ring.hpp"
#include "conversation/recording.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"

namespace parley::conversation {
namespace {

namespace asio = boost::asio;
using speech::VoiceActivityStream;

// Sound that waits to be looked at. A machine so busy that it falls behind by more than this hears the newest, not the oldest.
// A client that sends a whole recording at once is not yet too fast.
constexpr std::size_t most_backlog = 60 * audio::heard_hz;
// What the end-of-turn model looks at.
constexpr auto turn_audio = audio::Heard{8 * audio::heard_hz};

std::uint64_t fresh_seed() {
  std::random_device source;
  return (static_cast<std::uint64_t>(source()) << 32U) | source();
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

/// Sound on its way from any thread to the strand: bounded, the oldest is lost first.
class Inbox {
 public:
  struct Content {
    std::int64_t lost = 0;  ///< samples missing before the first block
    std::deque<audio::Samples> blocks;
  };

  /// True when nobody has been told to empty it yet.
  bool put(std::span<float const> samples) {
    std::lock_guard const lock(mutex_);
    content_.blocks.emplace_back(samples.begin(), samples.end());
    waiting_ += samples.size();
    while (waiting_ > most_backlog && content_.blocks.size() > 1) {
      auto const size = content_.blocks.front().size();
      content_.blocks.pop_front();
      content_.lost += static_cast<std::int64_t>(size);
      waiting_ -= size;
    }
    return !std::exchange(told_, true);
  }
  Content take() {
    std::lock_guard const lock(mutex_);
    told_ = false;
    waiting_ = 0;
    return std::exchange(content_, {});
  }

 private:
  std::mutex mutex_;
  Content content_;
  std::size_t waiting_ = 0;
  bool told_ = false;
};

class Driver final : public Call {
 public:
  Driver(asio::any_io_executor executor, Engines engines, std::unique_ptr<VoiceActivityStream> voice, Settings settings,
         Listener listener, std::shared_ptr<CallRecorder> recorder, std::uint64_t seed)
      : strand_(asio::make_strand(std::move(executor))),
        timer_(strand_),
        engines_(std::move(engines)),
        voice_(std::move(voice)),
        settings_(as_carried(std::move(settings))),
        recorder_(std::move(recorder)),
        conversation_(settings_, seed),
        listener_(std::move(listener)) {
    if (recorder_) recorder_->begin(seed, settings_);
  }

  void hear(std::span<float const> samples) override;
  void tell(Event event) override;
  void close() override;

 private:
  struct Listening {
    std::unique_ptr<speech::UtteranceRecogniser> recogniser;
    std::uint64_t asked = 0;  ///< revision of the newest transcript asked for
    core::Job prediction, reading;
  };
  struct Work {
    core::Job thinking;
    std::map<int, core::Job> clauses;
  };

  Settings as_carried(Settings settings) const {
    settings.turns.reads_text = engines_.text_end != nullptr;
    return settings;
  }
  std::weak_ptr<Driver> weak() { return std::static_pointer_cast<Driver>(shared_from_this()); }
  /// A sink for an engine: from any thread, after our end too.
  template <class Result, class F>
  std::function<void(Result)> sink(F&& to_event);

  // All of these on the strand.
  void process(Event event);
  void drain();
  void take(std::span<float const> samples);
  void look_at_frame();
  void flush_frame();
  void carry_out(Command const& command);
  void set_timer();

  void act(OpenUtterance const& open);
  void act(Transcribe const& transcribe);
  void act(PredictEnd const& predict);
  void act(PredictTextEnd const& predict);
  void act(CloseUtterance const& close) { listening_.erase(close.utterance); }
  void act(Generate const& generate);
  void act(Prepare const& prepare);
  void act(Speak const& speak);
  void act(Abandon const& abandon) { work_.erase(abandon.reply); }
  template <class News>
  void act(News const& news);
  [[nodiscard]] bool may_leave(Command const& news);
  void follow_player(Command const& news);

  asio::strand<asio::any_io_executor> strand_;
  asio::steady_timer timer_;
  Engines engines_;
  std::unique_ptr<VoiceActivityStream> voice_;
  Settings settings_;
  std::shared_ptr<CallRecorder> recorder_;
  Conversation conversation_;
  Listener listener_;
  Inbox inbox_;
  HeardRing ring_;
  std::optional<EchoGuard> guard_;  ///< when the settings ask for it
  audio::Samples frame_;            ///< begun, not yet full
  bool deaf_ = false;               ///< the voice-activity detector has failed, and the log says so
  std::map<core::UtteranceId, Listening> listening_;
  std::map<core::ReplyId, Work> work_;
  core::Job preparing_;
  std::set<core::ReplyId> current_;  ///< begun and not ended: what may leave
  core::Instant timer_set_for_ = core::never;
  bool closed_ = false;
};

// ---- in ---------------------------------------------------------------------------------------------------------------------

void Driver::hear(std::span<float const> samples) {
  if (samples.empty() || !inbox_.put(samples)) return;
  asio::post(strand_, [self = weak()] {
    if (auto const driver = self.lock()) driver->drain();
  });
}

void Driver::tell(Event event) {
  asio::post(strand_, [self = weak(), event = std::move(event)]() mutable {
    if (auto const driver = self.lock()) {
      driver->drain();  // what was heard before comes before
      driver->process(std::move(event));
    }
  });
}

void Driver::close() {
  asio::dispatch(strand_, [driver = std::static_pointer_cast<Driver>(shared_from_this())] {
    if (std::exchange(driver->closed_, true)) return;
    driver->timer_.cancel();
    driver->listening_.clear();
    driver->work_.clear();
    driver->preparing_ = {};
  });
}

void Driver::drain() {
  auto content = inbox_.take();
  if (content.lost > 0) {
    spdlog::warn("a call fell behind: {} ms of what was heard are lost", audio::Heard{content.lost}.ms());
    ring_.push_silence(content.lost + static_cast<std::int64_t>(frame_.size()));
    frame_.clear();
  }
  for (auto const& block : content.blocks) take(block);
}

void Driver::take(std::span<float const> samples) {
  while (!samples.empty() && !closed_) {
    auto const room = static_cast<std::size_t>(VoiceActivityStream::frame_samples) - frame_.size();
    auto const part = samples.first(std::min(room, samples.size()));
    frame_.insert(frame_.end(), part.begin(), part.end());
    samples = samples.subspan(part.size());
    if (frame_.size() == VoiceActivityStream::frame_samples) look_at_frame();
  }
}

/// The frame goes to the recognisers before the conversation sees it, so that a transcript asked for now has it.
void Driver::look_at_frame() {
  auto frame = std::exchange(frame_, {});
  if (guard_) frame = guard_->clean(frame);
  ring_.push(frame);
  for (auto& [id, listening] : listening_) listening.recogniser->push(frame);

  FrameHeard heard;
  heard.end = ring_.end();
  heard.level_db = audio::level_db(frame);
  auto padded = frame;
  padded.resize(VoiceActivityStream::frame_samples);
  if (auto const voice = voice_->push(padded)) {
    heard.voice = *voice;
  } else if (!std::exchange(deaf_, true)) {
    spdlog::error("voice activity: {}", core::describe(voice.error()));
  }
  process(heard);
}

/// The client ends the turn here: what is left of a frame belongs to it.
void Driver::flush_frame() {
  if (!frame_.empty()) look_at_frame();
}

void Driver::process(Event event) {
  if (closed_) return;
  if (std::holds_alternative<CommitAsked>(event)) flush_frame();
  if (auto* changed = std::get_if<SettingsChanged>(&event)) {
    settings_ = changed->settings = as_carried(std::move(changed->settings));
    if (!settings_.echo_guard) guard_.reset();
    if (settings_.echo_guard && !guard_) guard_.emplace();
  }
  auto const now = core::Clock::now();
  auto const commands = conversation_.on(now, event);
  if (recorder_) recorder_->took(now, event, commands);
  for (auto const& command : commands) {
    if (closed_) return;  // by the listener
    carry_out(command);
  }
  set_timer();
}

void Driver::set_timer() {
  auto const at = conversation_.wake_at();
  // While somebody talks the moment moves on with every frame; a timer that rings too early only asks again.
  if (at >= timer_set_for_ || closed_) return;
  timer_set_for_ = at;
  timer_.expires_at(at);
  timer_.async_wait([self = weak(), at](boost::system::error_code error) {
    auto const driver = self.lock();
    if (error || !driver || driver->timer_set_for_ != at) return;
    driver->timer_set_for_ = core::never;
    if (core::Clock::now() < driver->conversation_.wake_at()) return driver->set_timer();
    driver->process(Woken{});
  });
}

// ---- out: for the engines ---------------------------------------------------------------------------------------------------

template <class Result, class F>
std::function<void(Result)> Driver::sink(F&& to_event) {
  return [self = weak(), strand = strand_, to_event = std::forward<F>(to_event)](Result result) {
    if (self.expired()) return;
    asio::post(strand, [self, to_event, result = std::move(result)]() mutable {
      if (auto const driver = self.lock()) {
        if (auto event = to_event(*driver, std::move(result))) driver->process(std::move(*event));
      }
    });
  };
}

void Driver::carry_out(Command const& command) {
  std::visit([&](auto const& c) { act(c); }, command);
}

void Driver::act(OpenUtterance const& open) {
  auto const id = open.utterance;
  auto recogniser =
      engines_.recogniser->open({settings_.hearing_language, settings_.hearing_prompt},
                                sink<core::Result<speech::Transcript>>(
                                    [id](Driver& driver, core::Result<speech::Transcript> result) -> std::optional<Event> {
                                      auto const at = driver.listening_.find(id);
                                      if (at == driver.listening_.end()) return std::nullopt;
                                      if (!result)
                                        return TranscriptArrived{id, at->second.asked, std::unexpected(result.error())};
                                      return TranscriptArrived{id, result->revision, std::move(result->text)};
                                    }));
  recogniser->push(ring_.copy(open.from, ring_.end()));
  listening_[id] = {std::move(recogniser), 0, {}, {}};
}

void Driver::act(Transcribe const& transcribe) {
  auto const at = listening_.find(transcribe.utterance);
  if (at == listening_.end()) return;
  at->second.asked = transcribe.revision;
  at->second.recogniser->transcribe(transcribe.revision, transcribe.urgency);
}

void Driver::act(PredictEnd const& predict) {
  auto const at = listening_.find(predict.utterance);
  if (at == listening_.end()) return;
  auto const from = std::max(predict.from, ring_.end() - turn_audio);
  auto audio = std::make_shared<audio::Samples const>(ring_.copy(from, ring_.end()));
  at->second.prediction = engines_.end_of_turn->predict(
      std::move(audio), sink<core::Result<float>>([predict](Driver&, core::Result<float> result) -> std::optional<Event> {
        return EndPredicted{predict.utterance, predict.revision, std::move(result)};
      }));
}

void Driver::act(PredictTextEnd const& predict) {
  auto const at = listening_.find(predict.utterance);
  if (at == listening_.end()) return;
  at->second.reading = engines_.text_end->predict(
      predict.asked, sink<core::Result<float>>([utterance = predict.utterance, revision = predict.revision](
                                                   Driver&, core::Result<float> result) -> std::optional<Event> {
        return TextEndPredicted{utterance, revision, std::move(result)};
      }));
}

void Driver::act(Generate const& generate) {
  auto const reply = generate.reply;
  preparing_ = {};  // the real thing is here
  work_[reply].thinking = engines_.model->generate(
      generate.request, sink<language::Piece>([reply](Driver&, language::Piece piece) -> std::optional<Event> {
        return PieceArrived{reply, std::move(piece)};
      }));
}

void Driver::act(Prepare const& prepare) {
  language::GenerateRequest request;
  request.messages = prepare.messages;
  request.tools = prepare.tools;
  request.urgency = core::Urgency::partial;  // before text that is served: the next question waits for what is not read
  preparing_ = engines_.model->read_ahead(std::move(request));
}

void Driver::act(Speak const& speak) {
  auto const reply = speak.reply;
  auto const clause = speak.clause;
  work_[reply].clauses[clause] = engines_.synthesiser->speak(
      {speak.text, speak.language, speak.voice, speak.speed, speak.urgency},
      sink<core::Result<speech::SpokenBlock>>(
          [reply, clause](Driver& driver, core::Result<speech::SpokenBlock> block) -> std::optional<Event> {
            if (block && !block->last) {
              return SoundArrived{reply, clause, std::make_shared<audio::Samples const>(std::move(block->samples)), false};
            }
            if (auto const work = driver.work_.find(reply); work != driver.work_.end()) work->second.clauses.erase(clause);
            if (!block) return SoundFailed{reply, clause, block.error()};
            return SoundArrived{reply, clause, std::make_shared<audio::Samples const>(std::move(block->samples)), true};
          }));
}

// ---- out: news --------------------------------------------------------------------------------------------------------------

template <class News>
void Driver::act(News const& news) {
  Command const command(news);
  if (!may_leave(command)) return;
  if (guard_) follow_player(command);
  listener_(command);
}

/// What the player will do with the news.
void Driver::follow_player(Command const& news) {
  std::visit(Overloaded{[&](ReplySound const& sound) { guard_->sent(sound.samples); }, [&](PlayHeld const&) { guard_->hold(); },
                        [&](PlayResumed const&) { guard_->resume(); },
                        [&](ItemNews const& item) {
                          if (item.what == ItemNews::What::truncated) guard_->stop();
                        },
                        [&](ReplyEnded const& ended) {
                          if (ended.why == ReplyEnded::Why::turn_detected) guard_->stop();
                        },
                        [](auto const&) {}},
             news);
}

/// The last hop: what belongs to a reply that is not current is never heard, whatever went wrong before.
bool Driver::may_leave(Command const& news) {
  return std::visit(
      Overloaded{[&](ReplyBegan const& began) {
                   current_.insert(began.reply);
                   return true;
                 },
                 [&](ReplyEnded const& ended) {
                   current_.erase(ended.reply);
                   work_.erase(ended.reply);
                   return true;
                 },
                 [&](ReplyText const& text) { return current_.contains(text.reply); },
                 [&](ToolCallStarted const& call) { return current_.contains(call.reply); },
                 [&](ToolCallDelta const& call) { return current_.contains(call.reply); },
                 [&](ToolCallDone const& call) { return current_.contains(call.reply); },
                 [&](ReplySound const& sound) { return current_.contains(sound.reply); }, [](auto const&) { return true; }},
      news);
}

core::Result<void> check(Engines const& engines) {
  auto const missing = [](char const* what) {
    return core::fail(core::Code::unavailable, std::string("a call needs a ") + what + "; choose one in the configuration",
                      what);
  };
  if (!engines.voice_activity) return missing("voice-activity detector");
  if (!engines.end_of_turn) return missing("end-of-turn detector");
  if (!engines.recogniser) return missing("recogniser");
  if (!engines.model) return missing("language model");
  if (!engines.synthesiser) return missing("synthesiser");
  return {};
}

}  // namespace

core::Result<std::shared_ptr<Call>> Call::open(asio::any_io_executor executor, Engines engines, Settings settings,
                                               Listener listener, std::shared_ptr<CallRecorder> recorder) {
  if (auto const complete = check(engines); !complete) return std::unexpected(complete.error());
  auto voice = engines.voice_activity->open();
  if (!voice) return std::unexpected(voice.error());
  auto driver = std::make_shared<Driver>(std::move(executor), std::move(engines), std::move(*voice), settings,
                                         std::move(listener), std::move(recorder), fresh_seed());
  driver->tell(SettingsChanged{std::move(settings)});  // the model reads the instructions before anybody speaks
  return driver;
}

}  // namespace parley::conversation
