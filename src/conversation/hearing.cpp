#include "conversation/hearing.hpp"

#include <algorithm>

#include "conversation/words.hpp"

namespace parley::conversation {
namespace {

// A network holds frames back for a moment; only what is missing beyond that counts as silence.
constexpr Milliseconds stall_grace{600};
// A transcript that is not there by then never comes: the call goes on without it.
constexpr std::chrono::seconds words_deadline{20};
// The protocol's own limit for a commit.
constexpr auto shortest_commit = audio::Heard::from_ms(100);

Milliseconds to_ms(core::Duration time) { return std::chrono::duration_cast<Milliseconds>(time); }

}  // namespace

Notices Hearing::frame(core::Instant now, FrameHeard const& frame, TurnTaking const& rule, bool guarded, Ids& ids,
                       Commands& out) {
  Notices notices;
  if (frame.end <= end_) return notices;
  auto const from = std::exchange(end_, frame.end);
  last_frame_ = now;

  auto const change = tracker_.hear(rule, from, frame.end, frame.voice, guarded ? interrupting_frames : onset_frames);
  if (change == VoiceTracker::Change::began && !utterance_) {
    auto const prefix = audio::Heard::from_ms(rule.prefix.count());
    open(std::max(turn_from_, tracker_.began() - prefix), rule.kind != TurnTaking::Kind::manual, ids, out);
    if (utterance_->announced) notices.emplace_back(VoiceBegan{});
  }
  if (!utterance_) return notices;
  if (change == VoiceTracker::Change::resumed) {
    auto& u = *utterance_;
    u.in_pause = u.predicting = u.predictor_failed = false;
    ++u.revision;  // whatever is still coming is stale
    u.words.reset();
    u.finished.reset();
    u.pause_seen.reset();
    u.words_there.reset();
    notices.emplace_back(WentOn{});
  }
  if (tracker_.in_speech() && tracker_.last_voice() == end_) utterance_->last_voice = now;
  consider(now, rule, notices, out);
  return notices;
}

void Hearing::open(audio::Heard from, bool announced, Ids& ids, Commands& out) {
  utterance_.emplace();
  utterance_->id = ids.utterance();
  utterance_->item = ids.name("item_");
  utterance_->from = from;
  utterance_->announced = announced;
  out.emplace_back(OpenUtterance{utterance_->id, from});
  if (announced) out.emplace_back(SpeechStarted{utterance_->item, from});
}

Milliseconds Hearing::pause_length(core::Instant now) const {
  auto const silent = Milliseconds((end_ - tracker_.last_voice()).ms());
  return silent + std::max(Milliseconds{0}, to_ms(now - last_frame_) - stall_grace);
}

/// Transcript and end of turn are asked for at once: both take some 100 ms or more, and neither needs the other.
void Hearing::look_at_pause(core::Instant now, TurnTaking const& rule, Commands& out) {
  auto& u = *utterance_;
  u.in_pause = true;
  u.pause_seen = now;
  ++u.revision;
  tracker_.pause_seen();
  out.emplace_back(Transcribe{u.id, u.revision, core::Urgency::final_transcript});
  if (rule.kind == TurnTaking::Kind::semantic) predict(pause_length(now), out);
}

void Hearing::predict(Milliseconds pause, Commands& out) {
  utterance_->predicting = true;
  utterance_->next_prediction = pause + look_again;
  out.emplace_back(PredictEnd{utterance_->id, utterance_->revision});
}

void Hearing::consider(core::Instant now, TurnTaking const& rule, Notices& notices, Commands& out) {
  auto const first = first_look(rule);
  if (!utterance_ || !first || !tracker_.in_speech()) return;
  auto const length = considered_ = pause_length(now);
  if (!utterance_->in_pause) {
    if (length < *first) return;
    look_at_pause(now, rule, out);
  }
  auto const& u = *utterance_;
  if (turn_is_over(rule, {length, u.words.has_value(), u.finished, u.predictor_failed}))
    return finish(now, false, notices, out);
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
  return times;
}

void Hearing::finish(core::Instant now, bool by_client, Notices& notices, Commands& out) {
  auto u = std::move(*utterance_);
  utterance_.reset();
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
    if (!u.in_pause || u.revision != arrived.revision || u.words) return notices;
    u.words = arrived.text;
    u.words_there = now;
    if (arrived.text && has_words(*arrived.text)) notices.emplace_back(WordsInPause{*arrived.text, times_of(u)});
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
    ++u.revision;
    u.pause_seen = now;
    out.emplace_back(Transcribe{u.id, u.revision, core::Urgency::final_transcript});
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
  if (utterance_ && tracker_.in_speech()) {
    auto const silent = Milliseconds((end_ - tracker_.last_voice()).ms());
    if (auto const next = next_moment(rule, std::max(silent, considered_))) at = last_frame_ + stall_grace + (*next - silent);
  }
  for (auto const& a : awaiting_) at = std::min(at, a.deadline);
  return at;
}

}  // namespace parley::conversation
