#include "conversation/hearing.hpp"

#include <algorithm>
#include <utility>

#include "conversation/heard_text.hpp"
#include "conversation/words.hpp"
#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

// A network holds frames back for a moment; only what is missing beyond that counts as silence.
constexpr Milliseconds stall_grace{600};
// A transcript that is not there by then never comes: the call goes on without it.
constexpr std::chrono::seconds words_deadline{20};
// A sentence of several seconds has grown by a few words.
constexpr Milliseconds between_partials{1500};
constexpr std::size_t least_growth = 6;  // bytes: two Chinese characters, a word
// Words told unasked so long before the last voice do not hold the last of it.
constexpr Milliseconds interim_lag{300};
// A new voice so soon after a turn was taken to be over shows that it was not.
constexpr Milliseconds cut_off_within{1500};
constexpr Milliseconds shortest_inner_pause{200};
constexpr Milliseconds answers_early{1500};
// The protocol's own limit for a commit.
constexpr auto shortest_commit = audio::Heard::from_ms(100);

/// The beginning that two transcripts share, less the word at which they part.
std::string agreed_beginning(std::string_view a, std::string_view b) {
  auto const x = core::decode_utf8(a), y = core::decode_utf8(b);
  auto const same = static_cast<std::size_t>(std::ranges::mismatch(x, y).in1 - x.begin());
  return std::string(cut_at_word(b, same));
}

Milliseconds to_ms(core::Duration time) { return std::chrono::duration_cast<Milliseconds>(time); }

}  // namespace

Notices Hearing::frame(core::Instant now, FrameHeard const& frame, TurnTaking const& rule, Surroundings around, Ids& ids,
                       Commands& out) {
  Notices notices;
  if (frame.end <= end_) return notices;
  auto const from = std::exchange(end_, frame.end);
  last_frame_ = now;
  around_ = std::move(around);

  auto const change = tracker_.hear(rule, from, frame.end, frame.voice);
  if (change == VoiceTracker::Change::began && !utterance_) begins(now, rule, ids, notices, out);
  if (!utterance_) return notices;
  if (change == VoiceTracker::Change::resumed) went_on(notices);
  if (tracker_.in_speech() && tracker_.last_voice() == end_) {
    utterance_->last_voice = now;
    utterance_->level_sum += frame.level_db;
    ++utterance_->level_frames;
    ask_while_talking(out);
  }
  consider(now, rule, notices, out);
  return notices;
}

void Hearing::begins(core::Instant now, TurnTaking const& rule, Ids& ids, Notices& notices, Commands& out) {
  bool const manual = rule.kind == TurnTaking::Kind::manual;
  bool const overlap = around_.guarded && !manual;
  // Somebody who goes on so soon had not finished.
  bool goes_on = false;
  if (auto const ended = std::exchange(turn_ended_, std::nullopt)) {
    auto const gap = Milliseconds((tracker_.began() - *ended).ms());
    goes_on = gap < cut_off_within;
    if (goes_on) habit_.went_on(gap, true);
  }
  auto const prefix = audio::Heard::from_ms(rule.prefix.count());
  open(std::max(turn_from_, tracker_.began() - prefix), !manual && !overlap, ids, out);
  if (!goes_on) thought_from_ = utterance_->from;
  if (overlap) {
    utterance_->tentative = true;
    utterance_->overlap_since = now - std::chrono::duration_cast<core::Duration>((end_ - tracker_.began()).time());
    notices.emplace_back(OverlapBegan{});
  } else if (!manual) {
    notices.emplace_back(VoiceBegan{});
  }
}

void Hearing::went_on(Notices& notices) {
  auto& u = *utterance_;
  if (considered_ >= shortest_inner_pause) habit_.went_on(considered_, false);
  u.in_pause = u.predicting = u.predictor_failed = u.reading = false;
  ++u.revision;  // whatever is still coming is stale
  ++u.work.transcripts_wasted;
  u.words.reset();
  u.finished.reset();
  u.text_finished.reset();
  u.pause_seen.reset();
  u.words_there.reset();
  notices.emplace_back(WentOn{});
}

void Hearing::open(audio::Heard from, bool announced, Ids& ids, Commands& out) {
  utterance_ = std::make_optional(Utterance{});
  utterance_->id = ids.utterance();
  utterance_->item = ids.name("item_");
  utterance_->from = from;
  utterance_->announced = announced;
  out.emplace_back(OpenUtterance{utterance_->id, from});
  if (announced) out.emplace_back(SpeechStarted{utterance_->item, from});
}

void Hearing::announce(Notices& notices, Commands& out) {
  utterance_->tentative = false;
  utterance_->announced = true;
  utterance_->weigh_at = core::never;
  out.emplace_back(SpeechStarted{utterance_->item, utterance_->from});
  notices.emplace_back(VoiceBegan{});
}

void Hearing::ask(core::Urgency urgency, Commands& out) {
  auto& u = *utterance_;
  ++u.revision;
  ++u.work.transcripts;
  u.asked_to = end_;
  u.asks.emplace_back(u.revision, end_);
  if (u.asks.size() > 4) u.asks.erase(u.asks.begin());
  out.emplace_back(Transcribe{u.id, u.revision, urgency});
}

/// Long sentences are read by the model while they are being said.
void Hearing::ask_while_talking(Commands& out) {
  auto& u = *utterance_;
  if (!u.announced || u.in_pause) return;
  auto const since = end_ - std::max(u.from, u.asked_to);
  if (since.ms() >= between_partials.count()) ask(core::Urgency::partial, out);
}

/// Also of a request that a newer one has overtaken: it says less, but sooner.
void Hearing::take_partial(std::uint64_t revision, std::string text, Notices& notices) {
  auto& u = *utterance_;
  auto const asked = std::ranges::find(u.asks, revision, &std::pair<std::uint64_t, audio::Heard>::first);
  if (asked == u.asks.end() || asked->second <= u.partial_to) return;
  u.partial_to = asked->second;
  auto const before = std::exchange(u.partial, std::move(text)).value_or("");
  tell_growth(before, *u.partial, notices);
}

void Hearing::take_interim(std::string text, Notices& notices) {
  auto& u = *utterance_;
  auto const before = std::exchange(u.interim, std::move(text));
  u.interim_at = end_;
  if (!u.in_pause) return tell_growth(before, u.interim, notices);
  if (has_words(u.interim) && u.interim != before) notices.emplace_back(LikelyWords{u.interim});
}

void Hearing::tell_growth(std::string_view before, std::string_view now, Notices& notices) {
  auto& u = *utterance_;
  if (!u.announced) return;
  auto const agreed = agreed_beginning(before, now);
  if (agreed.size() < u.stable.size() + least_growth) return;
  u.stable = agreed;
  StableWords words{u.item, u.stable, {}};
  if (u.stable.starts_with(u.told)) words.grown = u.stable.substr(u.told.size());
  u.told += words.grown;
  notices.emplace_back(std::move(words));
}

/// An overlap: what is it?
void Hearing::weigh(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out) {
  auto& u = *utterance_;
  if (!around_.guarded) {  // the answer is over: it is an ordinary turn
    announce(notices, out);
    return consider(now, rule, notices, out);
  }
  Overlap overlap;
  overlap.since = to_ms(now - u.overlap_since);
  overlap.voiced = Milliseconds((tracker_.last_voice() - tracker_.began()).ms());
  overlap.voice_now = pause_length(now) < overlap_gap;
  if (usual_level_ < 0 && u.level_frames > 0) {
    overlap.above_usual_db = u.level_sum / static_cast<float>(u.level_frames) - usual_level_;
  }
  overlap.words = u.partial;
  if (!overlap.words && !u.interim.empty()) overlap.words = u.interim;
  overlap.words_are_all = u.partial_to >= tracker_.last_voice();
  overlap.said = around_.said;
  auto verdict = judge(overlap);
  // 好的 at the very end of a question is its answer.
  if (verdict == Overlapping::listening && around_.left < answers_early) verdict = Overlapping::interruption;
  switch (verdict) {
    case Overlapping::passing:
      if (!std::exchange(u.passed, true)) notices.emplace_back(OverlapPassed{verdict});
      [[fallthrough]];
    case Overlapping::undecided:
      if (wants_overlap_words(overlap)) {
        ++u.overlap_asks;
        ask(core::Urgency::final_transcript, out);
      }
      u.weigh_at = overlap.since < overlap_decided_by ? u.overlap_since + overlap_decided_by
                   : overlap.since < overlap_patience ? u.overlap_since + overlap_patience
                                                      : now + overlap_gap;
      return;
    case Overlapping::interruption: announce(notices, out); return consider(now, rule, notices, out);
    default: break;
  }
  if (!u.passed) notices.emplace_back(OverlapPassed{verdict});
  out.emplace_back(CloseUtterance{u.id});
  utterance_.reset();
  tracker_.forget();
}

bool Hearing::wants_overlap_words(Overlap const& overlap) const {
  auto const& u = *utterance_;
  if (overlap.voiced < overlap_first_words) return false;
  if (u.overlap_asks == 0) return true;
  if (!overlap.voice_now) return u.asked_to < tracker_.last_voice();
  if (u.overlap_asks == 1) return overlap.voiced >= overlap_more_words;
  return u.passed && Milliseconds((tracker_.last_voice() - u.asked_to).ms()) >= overlap_words_again;
}

Milliseconds Hearing::pause_length(core::Instant now) const {
  auto const silent = Milliseconds((end_ - tracker_.last_voice()).ms());
  return silent + std::max(Milliseconds{0}, to_ms(now - last_frame_) - stall_grace);
}

/// The transcript first, since the answer can be begun with it; the end-of-turn model wants to hear a little more of the pause.
void Hearing::look_at_pause(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out) {
  auto& u = *utterance_;
  u.in_pause = true;
  u.pause_seen = now;
  u.next_prediction = rule.shortest_pause;
  tracker_.pause_seen();
  // What was transcribed in an overlap may be all there is: the same sound is not transcribed twice.
  if (u.partial && u.partial_to >= tracker_.last_voice()) {
    return take_words(now, *u.partial, rule, notices);
  }
  ask(core::Urgency::final_transcript, out);
  auto const lag = Milliseconds((tracker_.last_voice() - u.interim_at).ms());
  if (has_words(u.interim) && lag < interim_lag) notices.emplace_back(LikelyWords{u.interim});
}

void Hearing::take_words(core::Instant now, core::Result<std::string> words, TurnTaking const& rule, Notices& notices) {
  auto& u = *utterance_;
  u.words = std::move(words);
  u.words_there = now;
  if (!*u.words || !has_words(**u.words)) return;
  u.reading = rule.kind == TurnTaking::Kind::semantic && rule.reads_text;
  notices.emplace_back(WordsInPause{**u.words, times_of(u), u.id, u.revision, u.reading});
}

void Hearing::predict(Milliseconds pause, Commands& out) {
  utterance_->predicting = true;
  utterance_->next_prediction = pause + look_again;
  out.emplace_back(PredictEnd{utterance_->id, utterance_->revision, std::min(thought_from_, utterance_->from)});
}

void Hearing::consider(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out) {
  auto const first = first_look(rule);
  if (utterance_ && utterance_->tentative) return weigh(now, rule, notices, out);
  if (!utterance_ || !first || !tracker_.in_speech()) return;
  auto const length = considered_ = pause_length(now);
  if (!utterance_->in_pause) {
    if (length < *first) return;
    look_at_pause(now, rule, notices, out);
  }
  auto const& u = *utterance_;
  Pause pause{.length = length,
              .words = u.words.has_value(),
              .finished = u.finished,
              .model_failed = u.predictor_failed,
              .reading = u.reading,
              .text_finished = u.text_finished,
              .expected = expected_,
              .habit = &habit_};
  if (u.words && *u.words) pause.text = **u.words;
  if (turn_is_over(rule, pause)) return finish(now, false, notices, out);
  if (rule.kind == TurnTaking::Kind::semantic && !u.predicting && length >= u.next_prediction) predict(length, out);
}

measure::Turn Hearing::times_of(Utterance const& utterance) {
  measure::Turn times;
  times.user_item = utterance.item;
  auto const stamp = [&](measure::Stamp which, std::optional<core::Instant> at) {
    if (at) times.stamp(which, *at);
  };
  stamp(measure::Stamp::last_voice, utterance.last_voice);
  stamp(measure::Stamp::pause_seen, utterance.pause_seen);
  stamp(measure::Stamp::final_transcript, utterance.words_there);
  if (utterance.words && *utterance.words) times.user_text = **utterance.words;
  times.work = utterance.work;
  return times;
}

void Hearing::finish(core::Instant now, bool by_client, Notices& notices, Commands& out) {
  auto u = std::move(*utterance_);
  utterance_.reset();
  if (!by_client) turn_ended_ = tracker_.last_voice();
  if (u.announced && u.level_frames > 0) {
    auto const level = u.level_sum / static_cast<float>(u.level_frames);
    usual_level_ = usual_level_ < 0 ? 0.7F * usual_level_ + 0.3F * level : level;
  }
  if (u.announced) out.emplace_back(SpeechStopped{u.item, tracker_.last_voice()});
  tracker_.forget();
  turn_from_ = end_;

  bool const wordless = u.words && *u.words && !has_words(**u.words);
  if (u.words) out.emplace_back(CloseUtterance{u.id});
  if (wordless && !by_client) {
    notices.emplace_back(TurnDropped{});
    return;
  }
  TurnOver over;
  over.item.id = u.item;
  over.item.spoken = true;
  over.item.from = u.from;
  over.item.to = end_;
  over.times = times_of(u);
  over.times.stamp(measure::Stamp::commitment, now);
  over.words = u.words;
  over.by_client = by_client;
  if (!u.words) awaiting_.push_back({u.id, u.revision, u.item, end_ - u.from, by_client, now + words_deadline, over.times});
  notices.emplace_back(std::move(over));
}

Notices Hearing::transcript(core::Instant now, TranscriptArrived const& arrived, TurnTaking const& rule, Commands& out) {
  Notices notices;
  if (utterance_ && utterance_->id == arrived.utterance) {
    auto& u = *utterance_;
    if (u.words) return notices;
    if (arrived.revision == 0) {
      if (arrived.text) take_interim(*arrived.text, notices);
      consider(now, rule, notices, out);
      return notices;
    }
    if (!u.in_pause) {
      if (arrived.text) take_partial(arrived.revision, *arrived.text, notices);
      consider(now, rule, notices, out);
      return notices;
    }
    if (u.revision != arrived.revision) return notices;
    take_words(now, arrived.text, rule, notices);
    consider(now, rule, notices, out);
    return notices;
  }
  auto const at = std::ranges::find_if(
      awaiting_, [&](Awaiting const& a) { return a.id == arrived.utterance && a.revision == arrived.revision; });
  if (at == awaiting_.end()) return notices;
  auto found = std::move(*at);
  awaiting_.erase(at);
  out.emplace_back(CloseUtterance{found.id});
  found.times.stamp(measure::Stamp::final_transcript, now);
  if (arrived.text) found.times.user_text = *arrived.text;
  notices.emplace_back(TurnWords{std::move(found.item), arrived.text, found.length, found.by_client, std::move(found.times)});
  return notices;
}

Notices Hearing::prediction(core::Instant now, EndPredicted const& predicted, TurnTaking const& rule, Commands& out) {
  Notices notices;
  if (!utterance_ || utterance_->id != predicted.utterance || !utterance_->in_pause ||
      utterance_->revision != predicted.revision) {
    return notices;
  }
  auto& u = *utterance_;
  u.predicting = false;
  if (predicted.probability) {
    u.finished = *predicted.probability;
    u.predictor_failed = false;
  } else {
    u.predictor_failed = true;
  }
  consider(now, rule, notices, out);
  return notices;
}

Notices Hearing::text_prediction(core::Instant now, TextEndPredicted const& predicted, TurnTaking const& rule, Commands& out) {
  Notices notices;
  if (!utterance_ || utterance_->id != predicted.utterance || !utterance_->reading ||
      utterance_->revision != predicted.revision) {
    return notices;
  }
  utterance_->reading = false;
  if (predicted.probability) utterance_->text_finished = *predicted.probability;
  consider(now, rule, notices, out);
  return notices;
}

Notices Hearing::wake(core::Instant now, TurnTaking const& rule, Commands& out) {
  Notices notices;
  consider(now, rule, notices, out);
  std::vector<TranscriptArrived> lost;
  for (auto const& a : awaiting_) {
    if (now < a.deadline) continue;
    lost.push_back({a.id, a.revision,
                    core::fail(core::Code::deadline, "the recogniser gave no transcript in time; say it again", "recogniser")});
  }
  for (auto const& arrived : lost) {
    for (auto& notice : transcript(now, arrived, rule, out)) notices.push_back(std::move(notice));
  }
  return notices;
}

core::Result<Notices> Hearing::commit(core::Instant now, Ids& ids, Commands& out) {
  if (end_ - turn_from_ < shortest_commit) {
    return core::fail(core::Code::invalid,
                      "the input audio buffer holds less than 100 ms of sound; append more before the commit",
                      "input_audio_buffer");
  }
  if (!utterance_) open(turn_from_, false, ids, out);
  auto& u = *utterance_;
  if (!u.in_pause) {  // else the transcript of the pause, which is there or on its way, has all the words
    u.pause_seen = now;
    ask(core::Urgency::final_transcript, out);
  }
  Notices notices;
  finish(now, true, notices, out);
  return notices;
}

bool Hearing::clear(Commands& out) {
  turn_from_ = end_;
  auto const last_voice = tracker_.last_voice();
  tracker_.forget();
  if (!utterance_) return false;
  if (utterance_->announced) out.emplace_back(SpeechStopped{utterance_->item, last_voice});
  out.emplace_back(CloseUtterance{utterance_->id});
  utterance_.reset();
  return true;
}

void Hearing::rule_changed(TurnTaking const& rule, Commands& out) {
  if (!utterance_) return;
  utterance_->tentative = false;
  if (rule.kind == TurnTaking::Kind::manual && utterance_->announced) {
    out.emplace_back(SpeechStopped{utterance_->item, tracker_.last_voice()});
    utterance_->announced = false;
  } else if (rule.kind != TurnTaking::Kind::manual && !utterance_->announced) {
    out.emplace_back(SpeechStarted{utterance_->item, utterance_->from});
    utterance_->announced = true;
  }
}

void Hearing::hang_up(Commands& out) {
  clear(out);
  for (auto const& a : awaiting_) out.emplace_back(CloseUtterance{a.id});
  awaiting_.clear();
}

core::Instant Hearing::wake_at(TurnTaking const& rule) const {
  auto at = core::never;
  // An overlap has moments of its own.
  if (utterance_ && !utterance_->tentative && tracker_.in_speech()) {
    auto const silent = Milliseconds((end_ - tracker_.last_voice()).ms());
    if (auto const next = next_moment(rule, std::max(silent, considered_))) at = last_frame_ + stall_grace + (*next - silent);
  }
  if (utterance_ && utterance_->tentative) at = std::min(at, utterance_->weigh_at);
  for (auto const& a : awaiting_) at = std::min(at, a.deadline);
  return at;
}

}  // namespace parley::conversation
