#include "engine/ggml/whisper_pass.hpp"

#include <whisper.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "audio/format.hpp"
#include "engine/ggml/transcript_text.hpp"

/// tools/deps/whisper_rows.cpp
int parley_whisper_decode_rows(whisper_context* context, whisper_state* state, whisper_token const* tokens, int count, int past,
                               int threads);

namespace parley::engine {
namespace {

// An encoder window is 20 ms a position. One that ends with the speech makes the decoder lose its place and repeat itself, and
// windows under 5 s do so even with a margin (a one-second 好的 came back a hundred times at 128 positions, right at 256).
constexpr int least_context = 256;
constexpr double positions_per_second = 50;
constexpr double margin = 64;
constexpr int retry_context = 256;  // how much wider the window is made when it looped all the same

constexpr float silence = 0.001F;         // −60 dBFS: below it nothing is a voice that anyone meant to be heard
constexpr float surely_no_speech = 0.6F;  // noise, hum, clicks and music gave 0.62–0.95, speech 0.02–0.25
constexpr float doubtful = 0.35F;
constexpr double unsure_words = -1.0;     // mean log-probability of words that are then not believed
constexpr double tokens_per_second = 12;  // more than anybody says
constexpr std::size_t prompt_limit = 100;
constexpr double mark_seconds = 0.02;  // of one step of Whisper's times
constexpr int latest_first_mark = 50;  // of them: speech begins within a second, or the window was cut badly

int context_for(double seconds, int most) {
  int const wanted = (static_cast<int>(std::ceil(seconds * positions_per_second + margin)) + 63) / 64 * 64;
  return std::min(std::max(wanted, least_context), most);
}

/// Loudest 30 ms.
float peak_level(std::span<float const> samples) {
  constexpr std::size_t frame = audio::heard_hz * 3 / 100;
  float best = 0;
  for (std::size_t at = 0; at < samples.size(); at += frame) {
    auto const part = samples.subspan(at, std::min(frame, samples.size() - at));
    float const power = std::transform_reduce(part.begin(), part.end(), 0.0F, std::plus{}, [](float x) { return x * x; });
    best = std::max(best, power / static_cast<float>(frame));
  }
  return std::sqrt(best);
}

double log_sum(float const* values, int count, float most) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += std::exp(static_cast<double>(values[i] - most));
  return std::log(sum) + most;
}

bool never_encode(whisper_context*, whisper_state*, void* reached) {
  *static_cast<bool*>(reached) = true;
  return false;
}

}  // namespace

WhisperPass::WhisperPass(WhisperWeights const& weights, whisper_state& state, std::vector<float> samples, Options options,
                         Threads& threads)
    : weights_(weights), state_(state), samples_(std::move(samples)), options_(std::move(options)), threads_(threads) {
  double const seconds = static_cast<double>(samples_.size()) / audio::heard_hz;
  audio_context_ = context_for(seconds, whisper_n_audio_ctx(weights_.context_));
  token_limit_ = std::min<std::size_t>(static_cast<std::size_t>(seconds * tokens_per_second) + 8,
                                       static_cast<std::size_t>(whisper_n_text_ctx(weights_.context_)) / 2 - 8);
}

bool WhisperPass::step(std::chrono::milliseconds budget) {
  switch (stage_) {
    case Stage::encode: encode(); break;
    case Stage::detect: detect(); break;
    case Stage::prompt: prompt(); break;
    case Stage::decode: decode(budget); break;
    case Stage::done: break;
  }
  return stage_ == Stage::done;
}

void WhisperPass::encode() {
  if (samples_.size() < audio::heard_hz / 10 || peak_level(samples_) < silence) return finish();
  // The width of the encoder's window can only be set by whisper_full; it computes the features and sets the width, then
  // asks whether to go on. Told no, it leaves encoder and decoder to us.
  whisper_full_params params = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
  bool reached = false;
  int const threads = threads_.encoder.threads(core::Clock::now());
  params.n_threads = threads;
  params.audio_ctx = audio_context_;
  params.language = "en";  // anything but "detect"
  params.no_context = true;
  params.encoder_begin_callback = never_encode;
  params.encoder_begin_callback_user_data = &reached;
  if (samples_.size() < audio::heard_hz / 2) samples_.resize(audio::heard_hz / 2);  // it refuses less than 100 ms
  int const code =
      whisper_full_with_state(weights_.context_, &state_, params, samples_.data(), static_cast<int>(samples_.size()));
  if (code != 0 || !reached) return fail("compute the features");
  auto const begin = core::Clock::now();
  if (whisper_encode_with_state(weights_.context_, &state_, 0, threads) != 0) return fail("encode");
  auto const end = core::Clock::now();
  threads_.encoder.took(end - begin, audio_context_, end);
  stage_ = Stage::detect;
}

bool WhisperPass::evaluate(std::vector<int> const& tokens) {
  int const count = static_cast<int>(tokens.size());
  auto const begin = core::Clock::now();
  int const threads = threads_.decoder.threads(begin);
  if (parley_whisper_decode_rows(weights_.context_, &state_, tokens.data(), count, position_, threads) != 0) return false;
  auto const end = core::Clock::now();
  threads_.decoder.took(end - begin, 1 + 0.2 * (count - 1), end);  // reading the weights is most of it, whatever the count
  position_ += count;
  last_row_ = tokens.size() - 1;
  return true;
}

float const* WhisperPass::logits(std::size_t row) const {
  return whisper_get_logits_from_state(&state_) + row * static_cast<std::size_t>(whisper_n_vocab(weights_.context_));
}

/// The start token alone says which language it is and whether anybody speaks.
void WhisperPass::detect() {
  position_ = 0;
  if (!evaluate({whisper_token_sot(weights_.context_)})) return fail("decode");
  float const* const scores = logits(last_row_);
  int const count = whisper_n_vocab(weights_.context_);
  double const total = log_sum(scores, count, *std::max_element(scores, scores + count));
  no_speech_ = static_cast<float>(std::exp(scores[whisper_token_nosp(weights_.context_)] - total));
  if (no_speech_ > surely_no_speech) return finish();

  result_->language = !whisper_is_multilingual(weights_.context_) ? "en"
                      : options_.language.empty()                 ? detected_language(scores)
                                                                  : options_.language;
  stage_ = Stage::prompt;
}

/// Chinese or English, whichever is likelier, unless another language is far likelier than both: in a second of speech
/// Whisper is easily led astray to a neighbour of the language.
std::string WhisperPass::detected_language(float const* scores) const {
  auto const score = [&](int id) { return scores[whisper_token_lang(weights_.context_, id)]; };
  int best = 0;
  for (int id = 1;
       id <= whisper_lang_max_id() && whisper_token_lang(weights_.context_, id) < whisper_token_translate(weights_.context_);
       ++id) {
    if (score(id) > score(best)) best = id;
  }
  int const zh = whisper_lang_id("zh");
  int const en = whisper_lang_id("en");
  int const ours = score(zh) > score(en) ? zh : en;
  constexpr float far = 1.5F;  // in logits: 4.5 times as likely
  return whisper_lang_str(score(best) > score(ours) + far ? best : ours);
}

void WhisperPass::prompt() {
  whisper_context* const context = weights_.context_;
  std::vector<int> tokens;
  if (!options_.prompt.empty()) {
    std::vector<int> words(options_.prompt.size() + 8);
    std::string const text = " " + options_.prompt;
    int const count = whisper_tokenize(context, text.c_str(), words.data(), static_cast<int>(words.size()));
    words.resize(static_cast<std::size_t>(std::max(count, 0)));
    if (words.size() > prompt_limit) words.erase(words.begin(), words.end() - prompt_limit);
    tokens.push_back(whisper_token_prev(context));
    tokens.insert(tokens.end(), words.begin(), words.end());
    tokens.push_back(whisper_token_sot(context));
    position_ = 0;
  }
  if (whisper_is_multilingual(context)) {
    tokens.push_back(whisper_token_lang(context, whisper_lang_id(result_->language.c_str())));
    tokens.push_back(whisper_token_transcribe(context));
  }
  if (!options_.times) tokens.push_back(whisper_token_not(context));
  if (options_.times) options_.draft.clear();
  std::size_t const own = tokens.size();
  tokens.insert(tokens.end(), options_.draft.begin(), options_.draft.end());
  if (!evaluate(tokens)) return fail("decode");
  stage_ = Stage::decode;
  take_draft(own - 1);
}

/// The logits of the draft lie there in rows, those of its first token in `first_row`. What comes out is what would have come
/// out token by token; behind the first that differs the decoder's memory is written anew.
void WhisperPass::take_draft(std::size_t first_row) {
  auto const& draft = options_.draft;
  std::size_t kept = 0;
  last_row_ = first_row;
  while (take_token() && kept < draft.size() && last_token_ == draft[kept]) {
    ++kept;
    ++last_row_;
  }
  if (stage_ == Stage::decode) position_ -= static_cast<int>(draft.size() - kept);
}

void WhisperPass::decode(std::chrono::milliseconds budget) {
  auto const until = std::chrono::steady_clock::now() + budget;
  do {
    if (!evaluate({last_token_})) return fail("decode");
  } while (take_token() && std::chrono::steady_clock::now() < until);
}

int WhisperPass::likeliest_word(float const* scores) const {
  int const end = whisper_token_eot(weights_.context_);
  // A transcript may not start with the end, as Whisper was trained, unless nobody seems to be speaking.
  bool const may_end = !tokens_.empty() || no_speech_ > doubtful;
  int best = -1;
  for (int token = 0; token <= end; ++token) {
    if (!weights_.speakable_[static_cast<std::size_t>(token)]) continue;
    if (token == end && !may_end) continue;
    if (token == weights_.space_token_ && tokens_.empty()) continue;
    if (best < 0 || scores[token] > scores[best]) best = token;
  }
  return best;
}

/// The likeliest time that is not before the last one nor beyond the sound; −1 when there is none.
int WhisperPass::likeliest_mark(float const* scores) const {
  int const zero = whisper_token_beg(weights_.context_);
  auto const sound = static_cast<int>(static_cast<double>(samples_.size()) / audio::heard_hz / mark_seconds) + 1;
  int const last = std::min(zero + sound, whisper_n_vocab(weights_.context_) - 1);
  int first = marks_.empty() ? zero : marks_.back().token;
  if (!marks_.empty() && marks_.back().at < tokens_.size()) ++first;  // a segment takes time
  int best = -1;
  for (int token = first; token <= (marks_.empty() ? std::min(last, zero + latest_first_mark) : last); ++token) {
    if (best < 0 || scores[token] > scores[best]) best = token;
  }
  return best;
}

/// A segment has just ended: what follows is the beginning of the next, or the end.
bool WhisperPass::between_segments() const {
  bool const after_mark = !marks_.empty() && marks_.back().at == tokens_.size();
  return after_mark && marks_.size() > 1 && marks_[marks_.size() - 2].at < tokens_.size();
}

/// Whether a mark of time comes next: at the beginning, and where all times together are likelier than the best word, but not
/// after the mark that begins a segment. Source: ApplyTimestampRules of OpenAI's whisper/decoding.py.
bool WhisperPass::mark_is_due(float const* scores, int word) const {
  if (!options_.times) return false;
  if (marks_.empty()) return true;
  if (marks_.back().at == tokens_.size() && !between_segments()) return false;
  int const zero = whisper_token_beg(weights_.context_);
  float const* const times = scores + zero;
  int const count = whisper_n_vocab(weights_.context_) - zero;
  return log_sum(times, count, *std::max_element(times, times + count)) > scores[word];
}

/// Takes the likeliest token that may stand here. True when another one may follow it.
bool WhisperPass::take_token() {
  int const end = whisper_token_eot(weights_.context_);
  float const* const scores = logits(last_row_);
  int const best = between_segments() ? end : likeliest_word(scores);
  if (mark_is_due(scores, best)) {
    if (int const mark = likeliest_mark(scores); mark >= 0) {
      marks_.push_back({tokens_.size(), mark});
      last_token_ = mark;
      if (marks_.size() + tokens_.size() < token_limit_) return true;
      lost(tokens_.size());
      return false;
    }
  }
  log_probabilities_.push_back(scores[best] - log_sum(scores, end + 1, *std::max_element(scores, scores + end + 1)));
  if (best == end) {
    finish();
    return false;
  }
  tokens_.push_back(best);
  last_token_ = best;
  std::size_t const kept = without_loop(tokens_);
  if (kept == tokens_.size() && tokens_.size() + marks_.size() < token_limit_) return true;
  lost(kept);
  return false;
}

/// The decoder repeats itself or says more than anybody could: once more with a wider window, then what is good of it.
void WhisperPass::lost(std::size_t kept) {
  int const widest = whisper_n_audio_ctx(weights_.context_);
  if (!widened_ && audio_context_ < widest) {
    widened_ = true;
    audio_context_ = std::min(audio_context_ + retry_context, widest);
    tokens_.clear();
    log_probabilities_.clear();
    marks_.clear();
    options_.draft.clear();
    stage_ = Stage::encode;
    return;
  }
  tokens_.resize(kept);
  log_probabilities_.resize(kept);
  std::erase_if(marks_, [kept](Mark const& mark) { return mark.at > kept; });
  finish();
}

void WhisperPass::finish() {
  stage_ = Stage::done;
  WindowText& out = *result_;
  out.tokens = static_cast<int>(log_probabilities_.size());
  out.log_probability = std::accumulate(log_probabilities_.begin(), log_probabilities_.end(), 0.0);
  bool const believed = no_speech_ <= doubtful || out.log_probability > unsure_words * out.tokens;
  if (tokens_.empty() || !believed) {
    out = {};
    return;
  }
  out.no_speech = no_speech_;
  for (int const token : tokens_) out.text += whisper_token_to_str(weights_.context_, token);
  out.words = tokens_;
  if (options_.times) cut_segments();
}

/// What stands between two marks; without a mark at its end, a segment lasts as long as the sound.
void WhisperPass::cut_segments() {
  int const zero = whisper_token_beg(weights_.context_);
  double const sound_s = static_cast<double>(samples_.size()) / audio::heard_hz;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    bool const last = i + 1 == marks_.size();
    std::size_t const until = last ? tokens_.size() : marks_[i + 1].at;
    if (until == marks_[i].at) continue;
    WindowSegment segment;
    segment.begin_s = std::min((marks_[i].token - zero) * mark_seconds, sound_s);
    segment.end_s = last ? sound_s : std::min((marks_[i + 1].token - zero) * mark_seconds, sound_s);
    for (std::size_t word = marks_[i].at; word < until; ++word) {
      segment.text += whisper_token_to_str(weights_.context_, tokens_[word]);
      segment.log_probability += log_probabilities_[word];
      ++segment.tokens;
    }
    result_->segments.push_back(std::move(segment));
  }
}

void WhisperPass::fail(char const* what) {
  stage_ = Stage::done;
  result_ = core::fail(core::Code::internal, std::string("whisper.cpp could not ") + what + "; see the log at debug level");
}

}  // namespace parley::engine
