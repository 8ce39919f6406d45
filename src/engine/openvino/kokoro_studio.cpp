#include "engine/openvino/kokoro_studio.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/sha256.hpp"
#include "core/utf8.hpp"
#include "engine/openvino/kokoro_calibration_text.hpp"
#include "engine/openvino/kokoro_edges.hpp"

namespace parley::engine {
namespace {

/// The first frame that can be heard.
int onset(audio::Samples const& samples) {
  constexpr std::size_t frame = KokoroNetworks::samples_per_frame;
  auto const bound = static_cast<double>(SpeechEdges::threshold) * static_cast<double>(SpeechEdges::threshold) * frame;
  for (std::size_t at = 0; at + frame <= samples.size(); at += frame) {
    double power = 0;
    for (std::size_t i = at; i < at + frame; ++i) power += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
    if (power >= bound) return static_cast<int>(at / frame);
  }
  return 0;
}

/// One name for a model, a style and the sentences it is measured with: when any of them changes, it is measured again.
std::string digest_of(std::string const& model, KokoroStyle const& style, std::span<std::u32string_view const> text) {
  core::Sha256 digest;
  digest.update(model);
  digest.update(std::as_bytes(style.values()));
  for (auto const sentence : text) digest.update(core::encode_utf8(sentence));
  return digest.hex().substr(0, 32);
}

}  // namespace

KokoroSpeaker::KokoroSpeaker(std::string name, KokoroStyle style, std::span<std::u32string_view const> text,
                             std::filesystem::path file)
    : name_(std::move(name)), style_(std::move(style)), text_(text), file_(std::move(file)) {
  if (auto points = read_points(file_, text_.size())) {
    points_ = std::move(*points);
    next_ = text_.size();
  }
}

std::optional<KokoroSpeaker::Expected> KokoroSpeaker::expect(std::size_t symbols) const {
  std::lock_guard lock(mutex_);
  if (points_.size() < std::min(enough, text_.size())) return std::nullopt;
  Expected expected{expected_moments(points_, symbols), 0};
  for (auto const& point : points_) expected.early = std::max(expected.early, point.early);
  return expected;
}

bool KokoroSpeaker::complete() const {
  std::lock_guard lock(mutex_);
  return next_ == text_.size();
}

KokoroSpeaker::Asked KokoroSpeaker::ask(Done done) {
  std::lock_guard lock(mutex_);
  if (next_ == text_.size()) return {true, false};
  if (done) waiting_.push_back(std::move(done));
  return {false, !std::exchange(measuring_, true)};
}

bool KokoroSpeaker::measure(KokoroNetworks& networks) {
  auto const tokens = networks.tokens(text_[next_]);
  auto const clause = networks.front(tokens, style_, 1.0F);
  core::Result<KokoroNetworks::Whole> whole = clause ? networks.whole(*clause) : std::unexpected(clause.error());
  if (!whole) {
    finish(std::unexpected(whole.error()));
    return false;
  }
  auto const silence = static_cast<int>(clause->durations.front()) * KokoroNetworks::frames_per_duration;
  auto const early = std::max(0, silence - onset(whole->samples));
  bool more = true;
  {
    std::lock_guard lock(mutex_);
    points_.push_back({tokens.size(), clause->frames, early, std::move(whole->moments)});
    more = ++next_ < text_.size();
  }
  if (more) return true;
  // Only this step writes the points, so they may be read without the lock.
  if (auto const written = write_points(file_, points_); !written) spdlog::warn("{}", core::describe(written.error()));
  finish({});
  return false;
}

void KokoroSpeaker::finish(core::Result<void> result) {
  std::vector<Done> waiting;
  {
    std::lock_guard lock(mutex_);
    measuring_ = false;
    if (!result) {
      points_.clear();
      next_ = 0;
    }
    waiting.swap(waiting_);
  }
  for (auto const& done : waiting) done(result);
}

KokoroStudio::KokoroStudio(KokoroVoices voices, std::string digest, std::filesystem::path directory)
    : voices_(std::move(voices)), digest_(std::move(digest)), directory_(std::move(directory)) {}

core::Result<std::shared_ptr<KokoroSpeaker>> KokoroStudio::speaker(std::string const& voice) {
  auto const parts = voices_.find(voice);
  if (!parts) return std::unexpected(parts.error());
  auto name = spell(*parts);
  std::lock_guard lock(mutex_);
  if (auto const found = std::ranges::find(speakers_, name, &KokoroSpeaker::name); found != speakers_.end()) {
    speakers_.splice(speakers_.begin(), speakers_, found);
    return speakers_.front();
  }
  auto const main = std::ranges::max_element(*parts, {}, &VoicePart::weight)->name;
  auto const text = calibration_text(main);
  auto style = voices_.mix(*parts);
  auto file = directory_ / (digest_of(digest_, style, text) + ".f32");
  speakers_.push_front(std::make_shared<KokoroSpeaker>(std::move(name), std::move(style), text, std::move(file)));
  if (speakers_.size() > most_speakers) speakers_.pop_back();
  return speakers_.front();
}

}  // namespace parley::engine
