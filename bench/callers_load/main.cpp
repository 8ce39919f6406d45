// Many calls at once against engines of fixed latencies: how much later than its engines is the conversation? bench/callers
// runs it beside a peer. Prints one JSON object.
//
//   callers_load CALLS SECONDS THREADS
//
// Every caller sends 20 ms of sound at a time in real time and takes a turn every eight seconds: two seconds of voice, then
// silence while the answer comes. Two delays are taken, both by the clock of this process:
//   frame → decision   from the piece of sound that makes the matter certain to the news or the request that follows from it:
//                      the third frame of voice → speech has started; the second of silence → the transcript is asked for
//   event → byte       from a block of sound as the synthesiser gives it to the same block as it leaves for the player
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numbers>
#include <queue>
#include <random>
#include <thread>

#include "cardboard/engines.hpp"

namespace {

using namespace parley;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t piece = 320, frame = 512;  // samples
constexpr std::int64_t voice_frames = 64, cycle_frames = 256;
constexpr std::int64_t cycle = cycle_frames * frame;
constexpr std::int64_t pieces_kept = 64;

/// Microseconds, gathered from all threads.
class Delays {
 public:
  void add(Clock::duration delay) {
    std::lock_guard const lock(mutex_);
    us_.push_back(std::chrono::duration<double, std::micro>(delay).count());
  }
  [[nodiscard]] nlohmann::json summary() {
    std::lock_guard const lock(mutex_);
    std::ranges::sort(us_);
    auto const at = [&](double share) {
      return us_.empty() ? -1.0 : us_[static_cast<std::size_t>(share * static_cast<double>(us_.size() - 1))] / 1000;
    };
    return {{"count", us_.size()}, {"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"longest_ms", at(1)}};
  }

 private:
  std::mutex mutex_;
  std::vector<double> us_;
};

/// When each of the last pieces of a caller's sound was handed in.
class Heard {
 public:
  void piece_at(std::int64_t index, Clock::time_point now) { times_[static_cast<std::size_t>(index % pieces_kept)] = now; }
  /// The piece that holds the last sample before `position`.
  [[nodiscard]] Clock::time_point of(std::int64_t position) const {
    return times_[static_cast<std::size_t>((position - 1) / piece % pieces_kept)];
  }

 private:
  std::array<std::atomic<Clock::time_point>, pieces_kept> times_{};
};

struct Shared {
  Delays decisions, bytes;
  std::atomic<bool> counting = false;
  std::atomic<std::uint64_t> turns = 0;
};

/// The engine's own clock travels with the sound: two samples hold it.
void stamp(audio::Samples& samples) {
  auto const us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
  if (samples.size() < 2) return;
  samples[0] = static_cast<float>(us & 0xFFFFF);
  samples[1] = static_cast<float>((us >> 20) & 0xFFFFF);
}
Clock::duration since_stamp(audio::Samples const& samples) {
  auto const us = static_cast<std::int64_t>(samples[0]) | (static_cast<std::int64_t>(samples[1]) << 20);
  auto const now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
  return std::chrono::microseconds((now & 0xFFFFFFFFFF) - us);
}

class StampedVoice final : public speech::Synthesiser {
 public:
  explicit StampedVoice(std::shared_ptr<speech::Synthesiser const> inner) : inner_(std::move(inner)) {}
  std::vector<speech::VoiceInfo> voices() const override { return inner_->voices(); }
  core::Result<void> check(std::string const& voice) const override { return inner_->check(voice); }
  core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    return inner_->speak(std::move(request), [sink = std::move(sink)](core::Result<speech::SpokenBlock> block) {
      if (block) stamp(block->samples);
      sink(std::move(block));
    });
  }

 private:
  std::shared_ptr<speech::Synthesiser const> inner_;
};

/// Notes when a transcript is asked for.
class WatchedEar final : public speech::Recogniser {
 public:
  WatchedEar(std::shared_ptr<speech::Recogniser const> inner, std::function<void()> asked)
      : inner_(std::move(inner)), asked_(std::move(asked)) {}
  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override {
    auto utterance = std::make_unique<Utterance>();
    utterance->inner = inner_->open(std::move(options), std::move(sink));
    utterance->asked = asked_;
    return utterance;
  }

 private:
  struct Utterance final : speech::UtteranceRecogniser {
    void push(std::span<float const> samples) override { inner->push(samples); }
    void transcribe(std::uint64_t revision, core::Urgency urgency) override {
      if (urgency == core::Urgency::final_transcript) asked();
      inner->transcribe(revision, urgency);
    }
    std::unique_ptr<speech::UtteranceRecogniser> inner;
    std::function<void()> asked;
  };
  std::shared_ptr<speech::Recogniser const> inner_;
  std::function<void()> asked_;
};

class Caller {
 public:
  Caller(Shared& shared, boost::asio::any_io_executor const& executor, conversation::Engines engines, std::int64_t lead_frames)
      : shared_(shared), lead_(lead_frames * frame) {
    engines.recogniser = std::make_shared<WatchedEar>(engines.recogniser, [this] { asked(); });
    engines.synthesiser = std::make_shared<StampedVoice>(engines.synthesiser);
    conversation::Settings settings;
    settings.instructions = "你是小鹿。";
    settings.voices = {{"zh", "kokoro:zf_xiaoxiao"}};
    call_ = *conversation::Call::open(executor, std::move(engines), settings,
                                      [this](conversation::Command const& news) { on(news); });
  }
  ~Caller() { call_->close(); }
  Caller(Caller const&) = delete;
  Caller& operator=(Caller const&) = delete;

  /// The next 20 ms.
  void speak(audio::Samples const& tone) {
    std::array<float, piece> samples{};
    auto const first = sent_ * piece;
    for (std::int64_t i = 0; i < piece; ++i) {
      auto const at = first + i - lead_;
      if (at >= 0 && at % cycle < voice_frames * frame) {
        samples[static_cast<std::size_t>(i)] = tone[static_cast<std::size_t>(at % static_cast<std::int64_t>(tone.size()))];
      }
    }
    heard_.piece_at(sent_, Clock::now());
    call_->hear(samples);
    ++sent_;
  }

 private:
  /// The cycle that the last piece lies in; decisions are far from its borders.
  [[nodiscard]] std::int64_t cycle_begin() const { return lead_ + (sent_ * piece - lead_) / cycle * cycle; }

  void on(conversation::Command const& news) {
    if (std::holds_alternative<conversation::SpeechStarted>(news)) {
      note(cycle_begin() + 3 * frame);
    } else if (std::holds_alternative<conversation::ReplyBegan>(news)) {
      began_ = Clock::now();
      ++shared_.turns;
    } else if (auto const* sound = std::get_if<conversation::ReplySound>(&news)) {
      if (sound->samples->size() < 2 || !shared_.counting) return;
      auto const delay = since_stamp(*sound->samples);
      if (Clock::now() - delay > began_) shared_.bytes.add(delay);  // what was held until the turn was certain is not late
    }
  }
  void asked() { note(cycle_begin() + (voice_frames + 2) * frame); }
  void note(std::int64_t certain_at) {
    if (shared_.counting) shared_.decisions.add(Clock::now() - heard_.of(certain_at));
  }

  Shared& shared_;
  std::int64_t lead_;
  std::atomic<std::int64_t> sent_ = 0;
  Heard heard_;
  Clock::time_point began_{};  // on the call's strand
  std::shared_ptr<conversation::Call> call_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto const seconds = [](timeval const& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

nlohmann::json live(int calls, int seconds, int threads) {
  boost::asio::io_context io(threads);
  auto work = boost::asio::make_work_guard(io);
  auto const engines = cardboard::engines(io.get_executor());
  Shared shared;
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) workers.emplace_back([&io] { io.run(); });

  audio::Samples tone(audio::heard_hz);  // 300 Hz: whole waves in a second
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = 0.3F * static_cast<float>(std::sin(2 * std::numbers::pi * 300 * static_cast<double>(i) / audio::heard_hz));
  }
  std::mt19937_64 dice(1);
  std::vector<std::unique_ptr<Caller>> callers;
  struct Due {
    Clock::time_point at;
    std::size_t caller;
    bool operator<(Due const& other) const { return at > other.at; }
  };
  std::priority_queue<Due> due;
  auto const begin = Clock::now() + 100ms;
  for (int i = 0; i < calls; ++i) {
    auto const lead = std::uniform_int_distribution<std::int64_t>(1, cycle_frames)(dice);  // not all in step
    callers.push_back(std::make_unique<Caller>(shared, io.get_executor(), engines, lead));
    due.push({begin + std::chrono::microseconds(std::uniform_int_distribution<>(0, 19'999)(dice)), callers.size() - 1});
  }
  auto const warm = begin + 10s;  // every caller is in the middle of something
  auto const end = warm + std::chrono::seconds(seconds);
  double cpu = 0;
  Clock::duration late{0};
  while (due.top().at < end) {
    auto next = due.top();
    due.pop();
    std::this_thread::sleep_until(next.at);
    auto const now = Clock::now();
    if (now >= warm && !shared.counting.exchange(true)) cpu = cpu_seconds();
    if (now >= warm) late = std::max(late, now - next.at);
    callers[next.caller]->speak(tone);
    next.at += 20ms;
    due.push(next);
  }
  shared.counting = false;
  cpu = cpu_seconds() - cpu;
  callers.clear();
  work.reset();
  io.stop();
  workers.clear();
  return {{"calls", calls},
          {"seconds", seconds},
          {"threads", threads},
          {"turns", shared.turns.load()},
          {"frame_to_decision", shared.decisions.summary()},
          {"event_to_byte", shared.bytes.summary()},
          {"cores", cpu / seconds},
          {"sender_late_ms", std::chrono::duration<double, std::milli>(late).count()}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: callers_load CALLS SECONDS THREADS" << std::endl;
    return 2;
  }
  std::cout << live(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3])).dump() << std::endl;
  return 0;
}
