#include "app/recorded_caller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace parley::app {
namespace {

using namespace std::chrono_literals;

constexpr auto tick_length = 20ms;
constexpr auto pause_before_speaking = 400ms;  // a person breathes before answering
constexpr auto patience_for_speech = 5s;       // behind a recording in which no voice was found
constexpr auto patience_for_an_answer = 60s;   // a slow machine is slow, not wrong
constexpr auto patience_for_the_greeting = 20s;
constexpr float audible = 0.003F;        // −50 dBFS
constexpr float of_the_loudest = 0.01F;  // −40 dB below a recording's peak nobody speaks

/// Behind the last sample with a voice.
std::size_t end_of_voice(audio::Samples const& samples) {
  float peak = 0;
  for (float const x : samples) peak = std::max(peak, std::abs(x));
  auto const last =
      std::find_if(samples.rbegin(), samples.rend(), [&](float x) { return std::abs(x) > peak * of_the_loudest; });
  return static_cast<std::size_t>(samples.rend() - last);
}

}  // namespace

RecordedCaller::RecordedCaller(boost::asio::any_io_executor executor, std::vector<CallerQuestion> questions, Speaker& speaker,
                               Note note, Gap gap)
    : timer_(std::move(executor)),
      questions_(std::move(questions)),
      speaker_(speaker),
      note_(std::move(note)),
      gap_(std::move(gap)) {}

void RecordedCaller::start(std::shared_ptr<conversation::Call> call, bool expect_greeting, std::function<void(Outcome)> done) {
  call_ = std::move(call);
  done_ = std::move(done);
  started_ = core::Clock::now();
  enter(expect_greeting ? Phase::greeting : Phase::pause);
  timer_.expires_at(started_);
  tick();
}

void RecordedCaller::enter(Phase phase) {
  phase_ = phase;
  phase_began_ = core::Clock::now();
}

void RecordedCaller::on(conversation::Command const& news) {
  auto const now = core::Clock::now();
  if (std::holds_alternative<conversation::SpeechStarted>(news)) {
    speech_seen_ = true;
  } else if (auto const* words = std::get_if<conversation::UserWords>(&news)) {
    words_seen_ = true;
    words_empty_ = !words->text || words->text->empty();
  } else if (std::holds_alternative<conversation::ReplyBegan>(news)) {
    ++replies_open_;
    if (last_voiced_) answered_ = true;  // it may come, and end, in the silence at the recording's end
    if (phase_ == Phase::waiting) enter(Phase::listening);
  } else if (auto const* sound = std::get_if<conversation::ReplySound>(&news)) {
    measure(speaker_.play(now, *sound->samples), *sound->samples);
  } else if (auto const* item = std::get_if<conversation::ItemNews>(&news);
             item != nullptr && item->what == conversation::ItemNews::What::truncated) {
    speaker_.stop(now);
  } else if (std::holds_alternative<conversation::PlayHeld>(news)) {
    speaker_.hold(now);
  } else if (std::holds_alternative<conversation::PlayResumed>(news)) {
    speaker_.resume(now);
  } else if (auto const* ended = std::get_if<conversation::ReplyEnded>(&news)) {
    replies_open_ = std::max(0, replies_open_ - 1);
    if (ended->why == conversation::ReplyEnded::Why::turn_detected) speaker_.stop(now);
  }
}

void RecordedCaller::measure(core::Instant begins, audio::Samples const& samples) {
  if (!last_voiced_ || !answered_) return;
  auto const heard = std::ranges::find_if(samples, [](float x) { return std::abs(x) > audible; });
  if (heard == samples.end()) return;
  auto const into = audio::Spoken{heard - samples.begin()}.time();
  gap_(questions_[question_].name, begins + std::chrono::duration_cast<core::Duration>(into) - *last_voiced_);
  last_voiced_.reset();
}

void RecordedCaller::next_question() {
  ++question_;
  position_ = 0;
  enter(Phase::pause);
}

std::string RecordedCaller::why_unanswered() const {
  auto const& name = questions_[question_].name;
  if (!speech_seen_) return fmt::format("no speech was heard in {}", name);
  if (words_seen_ && words_empty_) return fmt::format("there was a voice in {}, but no words that could be understood", name);
  return fmt::format("{} got no answer within {} s", name, std::chrono::seconds(patience_for_an_answer).count());
}

/// Hands over what a microphone would have delivered by now: the recording while talking, silence otherwise.
void RecordedCaller::hear(core::Instant now) {
  auto const due = audio::Heard::from_time(now - started_).samples;
  audio::Samples samples(static_cast<std::size_t>(std::max<std::int64_t>(0, due - sent_)), 0.0F);
  sent_ = std::max(sent_, due);
  if (phase_ == Phase::talking) {
    auto const& question = questions_[question_].samples;
    std::size_t const n = std::min(samples.size(), question.size() - position_);
    std::copy_n(question.begin() + static_cast<std::ptrdiff_t>(position_), n, samples.begin());
    auto const voiced = end_of_voice(question);
    if (position_ < voiced && voiced <= position_ + n) {
      auto const at = sent_ - static_cast<std::int64_t>(samples.size() - (voiced - position_));
      last_voiced_ = started_ + std::chrono::duration_cast<core::Duration>(audio::Heard{at}.time());
    }
    position_ += n;
    if (position_ == question.size()) enter(replies_open_ > 0 || answered_ ? Phase::listening : Phase::waiting);
  }
  if (!samples.empty()) call_->hear(samples);
}

void RecordedCaller::tick() {
  auto const now = core::Clock::now();
  hear(now);
  auto const waited = now - phase_began_;
  bool const quiet = replies_open_ == 0 && !speaker_.playing(now);
  switch (phase_) {
    case Phase::greeting:
      if ((!speaker_.heard().empty() && quiet) || waited > patience_for_the_greeting) enter(Phase::pause);
      break;
    case Phase::pause:
      if (waited < pause_before_speaking) break;
      if (question_ == questions_.size()) {
        std::exchange(done_, nullptr)(std::move(outcome_));
        return;
      }
      note_(questions_[question_].name);
      speech_seen_ = words_seen_ = words_empty_ = answered_ = false;
      last_voiced_.reset();
      enter(Phase::talking);
      break;
    case Phase::talking: break;
    case Phase::waiting: {
      bool const hopeless = !speech_seen_ || (words_seen_ && words_empty_);
      if (waited > (hopeless ? std::chrono::seconds(patience_for_speech) : std::chrono::seconds(patience_for_an_answer))) {
        outcome_.unanswered.push_back(why_unanswered());
        next_question();
      }
      break;
    }
    case Phase::listening:
      if (quiet) next_question();
      break;
  }
  timer_.expires_at(timer_.expiry() + tick_length);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) tick();
  });
}

}  // namespace parley::app
