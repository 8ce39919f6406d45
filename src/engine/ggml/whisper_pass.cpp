#include "engine/ggml/whisper_pass.hpp"

#include <whisper.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "audio/format.hpp"
#include "engine/ggml/transcript_text.hpp"

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
  if (whisper_decode_with_state(weights_.context_, &state_, tokens.data(), count, position_, threads) != 0) return false;
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
  tokens.push_back(whisper_token_not(context));
  if (!evaluate(tokens)) return fail("decode");
  stage_ = Stage::decode;
  take_token();
}

void WhisperPass::decode(std::chrono::milliseconds budget) {
  auto const until = std::chrono::steady_clock::now() + budget;
  do {
    if (!evaluate({tokens_.back()})) return fail("decode");
  } while (take_token() && std::chrono::steady_clock::now() < until);
}

/// Takes the likeliest token that may stand here. True when another one may follow it.
bool WhisperPass::take_token() {
  int const end = whisper_token_eot(weights_.context_);
  float const* const scores = logits(last_row_);
  // A transcript may not start with the end, as Whisper was trained, unless nobody seems to be speaking.
  bool const may_end = !tokens_.empty() || no_speech_ > doubtful;
  int best = -1;
  for (int token = 0; token <= end; ++token) {
    if (!weights_.speakable_[static_cast<std::size_t>(token)]) continue;
    if (token == end && !may_end) continue;
    if (token == weights_.space_token_ && tokens_.empty()) continue;
    if (best < 0 || scores[token] > scores[best]) best = token;
  }
  log_probabilities_.push_back(scores[best] - log_sum(scores, end + 1, *std::max_element(scores, scores + end + 1)));
  if (best == end) {
    finish();
    return false;
  }
  tokens_.push_back(best);
  std::size_t const kept = without_loop(tokens_);
  if (kept == tokens_.size() && tokens_.size() < token_limit_) return true;
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
    stage_ = Stage::encode;
    return;
  }
  tokens_.resize(kept);
  log_probabilities_.resize(kept);
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
  for (int const token : tokens_) out.text += whisper_token_to_str(weights_.context_, token);
}

void WhisperPass::fail(char const* what) {
  stage_ = Stage::done;
  result_ = core::fail(core::Code::internal, std::string("whisper.cpp could not ") + what + "; see the log at debug level");
}

}  // namespace parley::engine
