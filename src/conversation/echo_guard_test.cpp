// Echoes made in the computer: an answer through a loudspeaker and a room, late, quieter and blurred, with and without somebody
// who talks over it. The voices are made of a buzz with a melody, two resonances and syllables.
#include "conversation/echo_guard.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "audio/level.hpp"
#include "conversation/scenario.hpp"

namespace parley::conversation {
namespace {

constexpr auto frame = EchoGuard::frame_samples;

audio::Samples voice(std::uint64_t seed, int hz, double seconds, double pitch) {
  std::mt19937_64 dice(seed);
  auto const number = [&](double from, double to) { return std::uniform_real_distribution<>(from, to)(dice); };
  audio::Samples out(static_cast<std::size_t>(seconds * hz));
  double phase = 0, syllable_left = 0, length = 1, tone = pitch, breath = 0;
  struct Resonance {
    double a = 0, b = 0, y1 = 0, y2 = 0;
    void tune(double f, double rate) {
      double const r = std::exp(-std::numbers::pi * 90 / rate);
      a = 2 * r * std::cos(2 * std::numbers::pi * f / rate);
      b = -r * r;
    }
    double pass(double x) {
      double const y = x + a * y1 + b * y2;
      y2 = std::exchange(y1, y);
      return y;
    }
  } first, second;
  bool silent = false;
  for (auto& sample : out) {
    if (syllable_left <= 0) {
      silent = number(0, 1) < 0.15;
      length = syllable_left = number(0.12, 0.28);
      tone = pitch * number(0.8, 1.25);
      breath = number(0, 1) < 0.3 ? 0.5 : 0.02;
      first.tune(number(300, 900), hz);
      second.tune(number(1000, 2600), hz);
    }
    phase += tone * number(0.98, 1.02) / hz;
    double const pulse = phase >= 1 ? 1 : 0;
    if (phase >= 1) phase -= 1;
    double const x = pulse + breath * number(-0.2, 0.2);
    double const shape = silent ? 0 : std::sin(std::numbers::pi * syllable_left / length);
    sample = static_cast<float>(shape * (first.pass(x) + second.pass(x)));
    syllable_left -= 1.0 / hz;
  }
  float loudest = 0;
  for (float const s : out) loudest = std::max(loudest, std::abs(s));
  for (float& s : out) s *= 0.5F / loudest;
  return out;
}

/// Loudspeaker, air and microphone: what was played comes back after `delay_ms`, and again and again from the walls.
class Room {
 public:
  static constexpr std::size_t last_wall = audio::heard_hz / 12;

  Room(int delay_ms, float gain_db, std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    std::normal_distribution<float> normal(0, 1);
    float const gain = std::pow(10.0F, gain_db / 20);
    walls_.push_back({0, gain});
    for (std::size_t i = 40; i < last_wall; i += 8) {  // 83 ms of them
      walls_.push_back({i, gain * 0.22F * normal(dice) * std::exp(-static_cast<float>(i) / 400.0F)});
    }
    line_.assign(static_cast<std::size_t>(delay_ms * audio::heard_hz / 1000) + last_wall + frame, 0);
    delay_ = static_cast<std::size_t>(delay_ms * audio::heard_hz / 1000);
  }
  audio::Samples pass(audio::Samples const& played) {
    audio::Samples heard(played.size());
    for (std::size_t n = 0; n < played.size(); ++n) {
      line_[at_] = played[n];
      float sum = 0;
      for (auto const& wall : walls_) {
        auto const late = delay_ + wall.late;
        sum += wall.gain * line_[at_ >= late ? at_ - late : at_ + line_.size() - late];
      }
      heard[n] = sum + 1e-4F * std::uniform_real_distribution<float>(-1, 1)(noise_);
      at_ = (at_ + 1) % line_.size();
    }
    return heard;
  }

 private:
  struct Wall {
    std::size_t late;
    float gain;
  };
  std::vector<Wall> walls_;
  audio::Samples line_;
  std::size_t at_ = 0, delay_ = 0;
  std::mt19937_64 noise_{5};
};

/// A player: plays what it is given, in the time of the microphone.
class Player {
 public:
  void sent(audio::Samples const& samples) { queue_.insert(queue_.end(), samples.begin(), samples.end()); }
  void stop() { queue_.clear(); }
  bool held = false;
  audio::Samples play() {
    audio::Samples part(frame * 3 / 2);
    auto const count = held ? 0 : std::min(part.size(), queue_.size());
    std::copy_n(queue_.begin(), count, part.begin());
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    auto const more = resampler_.push(part);
    ready_.insert(ready_.end(), more.begin(), more.end());
    audio::Samples out(frame);
    auto const have = std::min(frame, ready_.size());
    std::copy_n(ready_.begin(), have, out.begin());
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(have));
    return out;
  }

 private:
  std::deque<float> queue_;
  audio::Resampler resampler_{audio::spoken_hz, audio::heard_hz};
  audio::Samples ready_ = audio::Samples(200);
};

double power(std::span<float const> samples) {
  double sum = 0;
  for (float const s : samples) sum += static_cast<double>(s) * s;
  return sum;
}

TEST(EchoGuard, finds_the_echo_wherever_it_is_and_takes_it_out) {
  for (int const delay : {50, 120, 250, 400}) {
    SCOPED_TRACE(delay);
    EchoGuard guard;
    Player player;
    Room room(delay, -10, 3);
    auto const said = voice(11, audio::spoken_hz, 12, 180);
    guard.sent(std::make_shared<audio::Samples const>(said));
    player.sent(said);
    double heard = 0, left = 0;
    for (int i = 0; i < 12'000 / 32; ++i) {
      auto const microphone = room.pass(player.play());
      auto const cleaned = guard.clean(microphone);
      if (i < 2000 / 32) continue;
      heard += power(microphone);
      left += power(cleaned);
    }
    ASSERT_TRUE(guard.delay());
    EXPECT_NEAR(static_cast<double>(guard.delay()->count()), delay, 20);
    EXPECT_LT(10 * std::log10(left / heard), -18) << "dB that are left after two seconds";
  }
}

TEST(EchoGuard, who_talks_over_the_echo_is_heard) {
  EchoGuard guard;
  Player player;
  Room room(150, -10, 4);
  auto const said = voice(21, audio::spoken_hz, 12, 180);
  auto const talker = voice(22, audio::heard_hz, 4, 110);
  guard.sent(std::make_shared<audio::Samples const>(said));
  player.sent(said);
  double of_talker = 0, left = 0, common = 0;
  for (std::size_t i = 0; i < 12'000 / 32; ++i) {
    auto microphone = room.pass(player.play());
    auto const at = i * frame;
    constexpr auto from = 6UL * audio::heard_hz;
    bool const talks = at >= from && at + frame < from + talker.size();
    for (std::size_t n = 0; talks && n < frame; ++n) microphone[n] += talker[at - from + n];
    auto const cleaned = guard.clean(microphone);
    if (!talks) continue;
    of_talker += power(std::span(talker).subspan(at - from, frame));
    left += power(cleaned);
    common += audio::level_db(cleaned) > -35 ? 1 : 0;
  }
  EXPECT_GT(10 * std::log10(left / of_talker), -6) << "dB of the talker that are left";
  EXPECT_GT(common, 4000 / 32 * 0.5) << "frames in which somebody is to be heard";
}

TEST(EchoGuard, with_headphones_nothing_is_changed_once_that_is_known) {
  EchoGuard guard;
  auto const said = voice(31, audio::spoken_hz, 12, 200);
  auto const talker = voice(32, audio::heard_hz, 12, 120);
  guard.sent(std::make_shared<audio::Samples const>(said));
  std::size_t silenced = 0;
  for (std::size_t at = 0; at + frame < talker.size(); at += frame) {
    auto const spoken = std::span(talker).subspan(at, frame);
    auto const cleaned = guard.clean(spoken);
    bool const same = std::ranges::equal(cleaned, spoken);
    silenced += same ? 0 : 1;
    EXPECT_TRUE(same || at <= talker.size() / 6) << at;
  }
  EXPECT_FALSE(guard.delay()) << guard.delay()->count();
  EXPECT_LT(silenced * 32, 1000U) << "ms";
}

TEST(EchoGuard, before_anything_was_sent_and_for_frames_of_any_size_it_changes_nothing) {
  EchoGuard guard;
  audio::Samples const odd(100, 0.25F);
  EXPECT_EQ(guard.clean(odd), odd);
  guard.sent(nullptr);
  EXPECT_EQ(guard.clean(odd), odd);
}

/// A whole call over a loudspeaker. Voice activity is loudness; the recogniser hears the echo badly.
struct Speakerphone {
  explicit Speakerphone(bool guarded, int delay_ms) : with_guard(guarded), room(delay_ms, -10, 6), s(settings()) {
    s.user_says("讲个故事吧。");
    s.token("从前有一座山，山上有一座庙，庙里有一个老和尚。老和尚在给小和尚讲故事，讲的是什么呢？讲的是从前有一座山。");
    s.done();
  }
  static Settings settings() {
    auto settings = Scenario::spoken("zh");
    settings.player_holds = true;
    return settings;
  }
  /// Carries on for so long; `talker`: what somebody says meanwhile.
  void live(double seconds, audio::Samples const& talker = {}) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(seconds * audio::heard_hz) / frame; ++i) {
      carry();
      auto microphone = room.pass(player.play());
      for (std::size_t n = 0; n < frame && i * frame + n < talker.size(); ++n) microphone[n] += talker[i * frame + n];
      if (with_guard) microphone = guard.clean(microphone);
      s.frames(32, audio::level_db(microphone) > -40 ? 0.9F : 0.02F);
      for (; asked < s.count<Transcribe>(); ++asked) s.words(talker.empty() ? "山上有个苗" : "等一下，我想问个问题。");
    }
  }
  /// What the conversation does reaches the player and the guard, as it would in a call.
  void carry() {
    for (; spoken < s.count<Speak>(); ++spoken) {
      auto const speak = s.got<Speak>()[spoken];
      s.tell(SoundArrived{speak.reply, speak.clause,
                          std::make_shared<audio::Samples const>(voice(40 + spoken, audio::spoken_hz, 4, 190)), true});
    }
    for (; seen < s.all().size(); ++seen) {
      auto const& command = s.all()[seen];
      if (auto const* sound = std::get_if<ReplySound>(&command)) {
        player.sent(*sound->samples);
        guard.sent(sound->samples);
      } else if (std::holds_alternative<PlayHeld>(command)) {
        player.held = true;
        guard.hold();
      } else if (std::holds_alternative<PlayResumed>(command)) {
        player.held = false;
        guard.resume();
      } else if (std::holds_alternative<SpeechStarted>(command)) {
        player.held = false;
        player.stop();
        guard.stop();
      }
    }
  }

  bool with_guard;
  Room room;
  Player player;
  EchoGuard guard;
  Scenario s;
  std::size_t spoken = 0, seen = 0, asked = 1;
};

TEST(EchoGuard, an_answer_does_not_interrupt_itself) {
  for (int const delay : {60, 200, 380}) {
    SCOPED_TRACE(delay);
    Speakerphone without(false, delay), with(true, delay);
    without.live(12);
    EXPECT_GT(without.s.count<SpeechStarted>(), 1U) << "so loud is the echo";
    with.live(12);
    EXPECT_EQ(with.s.count<SpeechStarted>(), 1U) << "the question's";
    EXPECT_LE(with.s.count<PlayHeld>(), 3U) << "a short hesitation is all, and seldom";
  }
}

TEST(EchoGuard, and_a_real_interrupter_is_still_heard) {
  int heard = 0;
  constexpr int times = 10;
  for (int i = 0; i < times; ++i) {
    Speakerphone call(true, 80 + 30 * i);
    call.live(4 + 0.3 * i);
    ASSERT_EQ(call.s.count<SpeechStarted>(), 1U) << i;
    call.live(1.0, voice(60 + static_cast<std::uint64_t>(i), audio::heard_hz, 1, 110));
    heard += call.s.count<SpeechStarted>() > 1 ? 1 : 0;
  }
  EXPECT_GE(heard, times * 9 / 10);
}

}  // namespace
}  // namespace parley::conversation
