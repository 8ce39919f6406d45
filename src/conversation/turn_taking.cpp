#include "conversation/turn_taking.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace parley::conversation {
namespace {

// From here on the turn is over as soon as it is known.
constexpr float sure = 0.75F;
// A speaker who was cut off before is given this much of his usual pause even then.
constexpr Milliseconds most_for_the_sure{700};
// Nobody's pauses are learned to be longer, or a caller who once fell silent would always wait.
constexpr Milliseconds longest_habit{1500};
// Dictated digits come in groups; a Chinese mobile number has eleven, a code four or more.
constexpr int whole_number = 11;

// A language model's word at which a sentence is as likely finished as not; the ends of finished ones have more, all but a few.
constexpr double even_text = 0.02;
constexpr double most_text_says = 2, least_text_says = -5;
// A phrase of some words ("a table for two") is whole as an answer, but the model does not know the question.
constexpr int words_of_a_phrase = 3;
constexpr double doubt_by_word = 0.8;
// The end-of-turn model is surer of itself than it is right: when there is another opinion, so much of it counts.
constexpr double most_sound_says = 3;

double log_odds(double p) {
  p = std::clamp(p, 0.001, 0.999);
  return std::log(p / (1 - p));
}

/// In log-odds.
double evidence_of_text(Pause const& pause) {
  double const ending = evidence_of_end(pause.text);
  if (!pause.text_finished) return ending;
  int const beyond_a_phrase = std::max(0, count_words(pause.text) - words_of_a_phrase);
  double const least = std::max(least_text_says, -doubt_by_word * beyond_a_phrase);
  double const model = std::log(std::max<double>(*pause.text_finished, 1e-9) / even_text);
  return std::min(ending, 0.0) + std::clamp(model, least, most_text_says);
}

double evidence(Pause const& pause) {
  double sum = evidence_of_text(pause);
  int const digits = digits_at_end(pause.text);
  if (pause.expected == Expected::digits && digits > 0 && digits < whole_number) sum -= 2.5;
  if (pause.expected == Expected::digits && digits >= whole_number) sum += 1;
  if (pause.expected == Expected::spelling) sum -= 1.5;
  if (pause.expected == Expected::anything && digits >= 3 && digits < whole_number) sum -= 1;
  return sum;
}

}  // namespace

VoiceTracker::Change VoiceTracker::hear(TurnTaking const& rule, audio::Heard from, audio::Heard end, float voice) {
  bool const is_there = score_ > 0 || (in_speech_ && !in_pause_);
  bool const voiced = voice >= (is_there ? rule.threshold - hysteresis : rule.threshold);

  if (in_speech_ && !in_pause_) {
    if (voiced) last_voice_ = end;
    return Change::none;
  }
  if (!voiced) {
    score_ = std::max(0, score_ - 1);
    return Change::none;
  }
  if (!in_speech_ && score_ == 0) began_ = from;
  ++score_;
  if (score_ < (in_speech_ ? resuming_frames : onset_frames)) return Change::none;
  score_ = 0;
  last_voice_ = end;
  in_pause_ = false;
  return std::exchange(in_speech_, true) ? Change::resumed : Change::began;
}

void VoiceTracker::pause_seen() noexcept {
  in_pause_ = true;
  score_ = 0;
}

void PauseHabit::went_on(Milliseconds pause, bool was_cut_off) {
  pauses_[count_++ % pauses_.size()] = std::min(pause, longest_habit);
  if (was_cut_off) ++cut_off_;
}

Milliseconds PauseHabit::usual() const {
  auto const known = std::min(count_, pauses_.size());
  if (known < 3) return Milliseconds{0};
  auto sorted = pauses_;
  std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(known));
  return sorted[(known * 4 - 1) / 5];
}

float probability_of_end(TurnTaking const& rule, Pause const& pause) {
  // Without the model's word the text has to do; a silence as long as the plain rule's speaks for itself.
  double model = pause.finished                 ? log_odds(*pause.finished) - log_odds(rule.finished)
                 : pause.length >= rule.silence ? 2.0
                                                : -1.0;
  if (pause.text_finished) model = std::clamp(model, -most_sound_says, most_sound_says);
  return static_cast<float>(1 / (1 + std::exp(-(model + evidence(pause)))));
}

Milliseconds wait_at(TurnTaking const& rule, float probability, Pause const& pause) {
  auto const longest = std::max(rule.longest_wait, rule.shortest_pause);
  auto const usual = pause.habit != nullptr ? pause.habit->usual() * 5 / 4 : Milliseconds{0};
  if (probability >= sure) {
    bool const careful = pause.habit != nullptr && pause.habit->was_cut_off();
    return careful ? std::min(usual, most_for_the_sure) : Milliseconds{0};
  }
  // At even odds a quarter of the longest wait, at one in ten most of it.
  auto const doubt = std::pow((sure - probability) / sure, 1.1F);
  auto const wait = Milliseconds(std::lround(static_cast<float>(longest.count()) * doubt));
  return std::min(std::max(wait, usual), longest);
}

bool turn_is_over(TurnTaking const& rule, Pause const& pause) {
  switch (rule.kind) {
    case TurnTaking::Kind::manual: return false;
    case TurnTaking::Kind::silence: return pause.length >= rule.silence;
    case TurnTaking::Kind::semantic: break;
  }
  if (pause.length >= std::max(rule.longest_wait, rule.shortest_pause)) return true;
  if (!pause.words || pause.reading || (!pause.finished && !pause.model_failed)) return false;
  return pause.length >= wait_at(rule, probability_of_end(rule, pause), pause);
}

std::optional<Milliseconds> first_look(TurnTaking const& rule) {
  switch (rule.kind) {
    case TurnTaking::Kind::manual: return std::nullopt;
    case TurnTaking::Kind::silence: return std::min(early_look, rule.silence);
    case TurnTaking::Kind::semantic: break;
  }
  return std::min(early_look, rule.shortest_pause);
}

std::optional<Milliseconds> next_moment(TurnTaking const& rule, Milliseconds now) {
  auto const first = first_look(rule);
  if (!first || now < *first) return first;
  if (rule.kind == TurnTaking::Kind::silence) return rule.silence;
  if (now < rule.shortest_pause) return rule.shortest_pause;
  auto const last = std::max(rule.longest_wait, rule.shortest_pause);
  auto const looks = (now - rule.shortest_pause) / look_again + 1;
  auto const again = rule.shortest_pause + looks * look_again;
  return now < rule.silence ? std::min({last, again, rule.silence}) : std::min(last, again);
}

}  // namespace parley::conversation
