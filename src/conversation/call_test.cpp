// The driver with engines of cardboard and real threads: does everything get where it belongs, and does nothing come after the
// end.
#include "conversation/call.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "conversation/heard_ring.hpp"

namespace parley::conversation {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// Voice where the sound is loud.
class LoudnessDetector final : public speech::VoiceActivityDetector {
 public:
  core::Result<std::unique_ptr<speech::VoiceActivityStream>> open() const override { return std::make_unique<Stream>(); }

 private:
  struct Stream final : speech::VoiceActivityStream {
    core::Result<float> push(std::span<float const> frame) override {
      EXPECT_EQ(frame.size(), static_cast<std::size_t>(frame_samples));
      return frame.front() > 0.05F ? 0.95F : 0.01F;
    }
  };
};

/// Answers from a thread of its own, as engines do.
class Worker {
 public:
  Worker() : thread_([this](std::stop_token stop) { run(stop); }) {}
  void later(std::function<void()> work) const {
    {
      std::lock_guard const lock(mutex_);
      queue_.push_back(std::move(work));
    }
    more_.notify_one();
  }

 private:
  void run(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (more_.wait(lock, stop, [this] { return !queue_.empty(); })) {
      auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable_any more_;
  mutable std::deque<std::function<void()>> queue_;
  std::jthread thread_;  // last: it uses the others
};

struct FakeEndOfTurn final : speech::EndOfTurnDetector {
  mutable std::atomic<std::size_t> longest = 0;
  core::Job predict(audio::SharedSamples audio, Sink sink) const override {
    longest = std::max(longest.load(), audio->size());
    worker.later([sink = std::move(sink)] { sink(0.9F); });
    return {};
  }
  Worker worker;  // last: its thread uses the others
};

struct FakeTextEnd final : language::TextEndDetector {
  mutable std::atomic<int> asked = 0;
  core::Job predict(language::GenerateRequest, Sink sink) const override {
    ++asked;
    worker.later([sink = std::move(sink)] { sink(0.2F); });
    return {};
  }
  Worker worker;  // last: its thread uses the others
};

struct FakeRecogniser final : speech::Recogniser {
  mutable std::atomic<std::size_t> pushed = 0;
  std::string text = "你好";

  std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions, Sink sink) const override {
    return std::make_unique<Utterance>(*this, std::move(sink));
  }

 private:
  struct Utterance final : speech::UtteranceRecogniser {
    FakeRecogniser const& owner;
    Sink sink;
    Utterance(FakeRecogniser const& o, Sink s) : owner(o), sink(std::move(s)) {}
    void push(std::span<float const> samples) override { owner.pushed += samples.size(); }
    void transcribe(std::uint64_t revision, core::Urgency) override {
      owner.worker.later([this_sink = sink, revision, text = owner.text] {
        if (text.empty()) return this_sink(core::fail(core::Code::internal, "it broke"));
        this_sink(speech::Transcript{0, "partial", "zh", 0});
        this_sink(speech::Transcript{revision, text, "zh", 0});
      });
    }
  };

 public:
  Worker worker;  // last: its thread uses the others
};

struct FakeModel final : language::Model {
  std::atomic<int> asked = 0, prepared = 0;
  std::atomic<bool> endless = false;
  std::atomic<bool> stopped = false;

  std::string name() const override { return "cardboard"; }
  core::Job generate(language::GenerateRequest, Sink sink) override {
    ++asked;
    std::stop_source stop;
    worker.later([this, sink = std::move(sink), token = stop.get_token()] {
      sink(language::Delta{"你好呀朋友，"});
      sink(language::Delta{"下次再见。"});
      while (endless && !token.stop_requested()) {
        sink(language::Delta{"还有，"});
        std::this_thread::sleep_for(milliseconds(1));
      }
      stopped = token.stop_requested();
      sink(language::Finish{});
    });
    return core::Job(std::move(stop));
  }
  core::Job prepare(std::vector<language::Message>, core::Urgency) override {
    ++prepared;
    return {};
  }
  Worker worker;  // last: its thread uses the others
};

struct FakeVoice final : speech::Synthesiser {
  std::vector<speech::VoiceInfo> voices() const override { return {}; }
  core::Result<void> check(std::string const&) const override { return {}; }
  core::Job speak(speech::SpeakRequest, Sink sink) const override {
    worker.later([sink = std::move(sink)] {
      sink(speech::SpokenBlock{audio::Samples(2400, 0.1F), false});
      sink(speech::SpokenBlock{{}, true});
    });
    return {};
  }
  Worker worker;  // last: its thread uses the others
};

class CallTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  void TearDown() override {
    call_.reset();
    model_->endless = false;
    engines_ = {};
    recogniser_.reset();
    model_.reset();
    end_of_turn_.reset();
    voice_.reset();
    guard_.reset();
    threads_.clear();
  }

  void open(Settings settings) {
    auto call = Call::open(io_.get_executor(), engines_, std::move(settings), [this](Command const& news) {
      std::lock_guard const lock(mutex_);
      news_.push_back(news);
      changed_.notify_all();
      if (on_news_) on_news_(news);
    });
    ASSERT_TRUE(call);
    call_ = *call;
  }
  static Settings settings() {
    Settings s;
    s.instructions = "你是小鹿。";
    s.voices = {{"zh", "v"}};
    return s;
  }
  void talk(milliseconds voice, milliseconds silence) {
    auto const samples = [](milliseconds t) { return static_cast<std::size_t>(t.count()) * 16; };
    audio::Samples sound(samples(voice), 0.3F);
    sound.resize(sound.size() + samples(silence), 0.0F);
    for (std::size_t at = 0; at < sound.size(); at += 333) {  // no multiple of a frame
      call_->hear(std::span(sound).subspan(at, std::min<std::size_t>(333, sound.size() - at)));
    }
  }
  template <class T>
  std::size_t count_locked() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(news_, [](Command const& c) { return std::holds_alternative<T>(c); }));
  }
  template <class T>
  bool wait_for(std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_locked<T>() >= times; });
  }
  template <class T>
  T last() {
    std::lock_guard const lock(mutex_);
    for (auto at = news_.rbegin(); at != news_.rend(); ++at) {
      if (auto const* t = std::get_if<T>(&*at)) return *t;
    }
    ADD_FAILURE() << "no such news";
    return {};
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
  std::shared_ptr<FakeRecogniser> recogniser_ = std::make_shared<FakeRecogniser>();
  std::shared_ptr<FakeEndOfTurn> end_of_turn_ = std::make_shared<FakeEndOfTurn>();
  std::shared_ptr<FakeModel> model_ = std::make_shared<FakeModel>();
  std::shared_ptr<FakeVoice> voice_ = std::make_shared<FakeVoice>();
  Engines engines_{std::make_shared<LoudnessDetector>(), end_of_turn_, recogniser_, model_, voice_};
  std::shared_ptr<Call> call_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Command> news_;
  std::function<void(Command const&)> on_news_;
  std::vector<std::jthread> threads_;
};

TEST_F(CallTest, carries_a_turn_from_microphone_to_sound) {
  open(settings());
  talk(milliseconds(800), milliseconds(400));
  ASSERT_TRUE(wait_for<ReplyEnded>());
  EXPECT_EQ(last<UserWords>().text, "你好");
  auto const ended = last<ReplyEnded>();
  EXPECT_EQ(ended.why, ReplyEnded::Why::completed);
  EXPECT_EQ(ended.item.text, "你好呀朋友，下次再见。");
  EXPECT_EQ(ended.sent.samples, 4800);
  EXPECT_GE(model_->prepared, 1);
  EXPECT_GE(recogniser_->pushed, 16U * 800);
  EXPECT_GE(end_of_turn_->longest, 16U * 800);
  EXPECT_EQ(last<SpeechStarted>().at.ms(), 0);
  EXPECT_TRUE(last<TurnMeasured>().turn.wait());
  std::lock_guard const lock(mutex_);
  for (auto const& news : news_) EXPECT_FALSE(std::holds_alternative<Generate>(news) || std::holds_alternative<Speak>(news));
}

TEST_F(CallTest, the_words_are_read_where_somebody_can) {
  auto const text_end = std::make_shared<FakeTextEnd>();
  engines_.text_end = text_end;
  open(settings());
  talk(milliseconds(800), milliseconds(400));
  ASSERT_TRUE(wait_for<ReplyEnded>());
  EXPECT_EQ(text_end->asked, 1);
}

TEST_F(CallTest, a_voice_stops_the_model_that_is_thinking) {
  model_->endless = true;
  open(settings());
  talk(milliseconds(800), milliseconds(400));
  ASSERT_TRUE(wait_for<ReplySound>());
  talk(milliseconds(400), milliseconds(0));
  ASSERT_TRUE(wait_for<ReplyEnded>());
  EXPECT_EQ(last<ReplyEnded>().why, ReplyEnded::Why::turn_detected);
  for (int i = 0; i < 1000 && !model_->stopped; ++i) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_TRUE(model_->stopped);
}

TEST_F(CallTest, a_stream_that_dries_up_ends_the_turn_by_the_clock) {
  auto s = settings();
  s.turns.kind = TurnTaking::Kind::silence;
  s.turns.silence = milliseconds(100);
  open(s);
  talk(milliseconds(320), milliseconds(0));
  EXPECT_TRUE(wait_for<TurnCommitted>());
}

TEST_F(CallTest, commit_takes_the_part_of_a_frame_as_well) {
  auto s = settings();
  s.turns.kind = TurnTaking::Kind::manual;
  open(s);
  talk(milliseconds(100), milliseconds(0));  // 1600 samples: three frames and an eighth
  call_->tell(CommitAsked{});
  ASSERT_TRUE(wait_for<UserWords>());
  EXPECT_EQ(recogniser_->pushed, 1600U);
  EXPECT_EQ(last<ItemNews>().item.to.samples, 1600);
}

TEST_F(CallTest, a_broken_recogniser_is_told) {
  recogniser_->text = "";
  open(settings());
  talk(milliseconds(500), milliseconds(400));
  ASSERT_TRUE(wait_for<UserWords>());
  EXPECT_FALSE(last<UserWords>().text);
}

TEST_F(CallTest, the_listener_may_call_back_and_nothing_comes_after_close) {
  std::atomic<bool> closed = false;
  std::atomic<int> after = 0;
  on_news_ = [&](Command const& news) {
    if (closed) ++after;
    if (std::holds_alternative<ReplyBegan>(news)) {
      call_->tell(ReplyCancelled{});
      call_->close();  // on the strand: holds at once
      closed = true;
    }
  };
  open(settings());
  ReplyAsked asked;
  asked.overrides.say = "你好。";
  call_->tell(asked);
  ASSERT_TRUE(wait_for<ReplyBegan>());
  talk(milliseconds(500), milliseconds(400));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(after, 0);
}

TEST_F(CallTest, many_threads_may_speak_to_it_and_drop_it) {
  open(settings());
  std::vector<std::jthread> crowd;
  for (int i = 0; i < 3; ++i) {
    crowd.emplace_back([this, i] {
      for (int n = 0; n < 50; ++n) {
        call_->hear(audio::Samples(160, i == 0 ? 0.3F : 0.0F));
        call_->tell(ReplyAsked{});
        call_->tell(ReplyCancelled{});
      }
    });
  }
  crowd.clear();
  EXPECT_TRUE(wait_for<ReplyEnded>());
}

TEST_F(CallTest, needs_all_of_its_engines) {
  for (int missing = 0; missing < 5; ++missing) {
    auto engines = engines_;
    if (missing == 0) engines.voice_activity.reset();
    if (missing == 1) engines.end_of_turn.reset();
    if (missing == 2) engines.recogniser.reset();
    if (missing == 3) engines.model.reset();
    if (missing == 4) engines.synthesiser.reset();
    auto const call = Call::open(io_.get_executor(), engines, settings(), [](Command const&) {});
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().code, core::Code::unavailable);
  }
}

TEST(HeardRing, keeps_the_newest_by_position) {
  HeardRing ring;
  audio::Samples second(audio::heard_hz);
  for (int s = 0; s < 45; ++s) {
    std::ranges::fill(second, static_cast<float>(s) / 100.0F);
    ring.push(second);
  }
  EXPECT_EQ(ring.end().ms(), 45'000);
  EXPECT_EQ(ring.begin().ms(), 30'000);
  auto const part = ring.copy(audio::Heard::from_ms(39'000), audio::Heard::from_ms(41'000));
  ASSERT_EQ(part.size(), 32'000U);
  EXPECT_NEAR(part.front(), 0.39F, 1e-3F);
  EXPECT_NEAR(part.back(), 0.40F, 1e-3F);
  EXPECT_TRUE(ring.copy({0}, audio::Heard::from_ms(30'000)).empty());
}

TEST(HeardRing, what_was_lost_is_silence_in_its_place) {
  HeardRing ring;
  ring.push(audio::Samples(1000, 2.0F));
  ring.push_silence(100);
  ring.push(audio::Samples(10, -0.5F));
  auto const all = ring.copy({0}, ring.end());
  ASSERT_EQ(all.size(), 1110U);
  EXPECT_FLOAT_EQ(all[999], 1.0F);
  EXPECT_FLOAT_EQ(all[1050], 0.0F);
  EXPECT_NEAR(all[1105], -0.5F, 1e-3F);

  ring.push_silence(10 * HeardRing::capacity + 7);
  EXPECT_EQ(ring.end().samples, 1110 + 10 * HeardRing::capacity + 7);
  ring.push(audio::Samples(5, 0.25F));
  auto const tail = ring.copy({ring.end().samples - 6}, ring.end());
  ASSERT_EQ(tail.size(), 6U);
  EXPECT_FLOAT_EQ(tail[0], 0.0F);
  EXPECT_NEAR(tail[1], 0.25F, 1e-3F);
}

}  // namespace
}  // namespace parley::conversation
