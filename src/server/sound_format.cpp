#include "server/sound_format.hpp"

#include <utility>

#include "audio/g711.hpp"
#include "audio/pcm16.hpp"

namespace parley::server {
namespace {

constexpr int longest_piece_ms = 100;

int rate_of(SoundFormat format) {
  switch (format) {
    case SoundFormat::pcm:
    case SoundFormat::opus: return audio::spoken_hz;
    case SoundFormat::pcmu:
    case SoundFormat::pcma: break;
  }
  return audio::telephone_hz;
}

audio::G711 law_of(SoundFormat format) { return format == SoundFormat::pcmu ? audio::G711::mu_law : audio::G711::a_law; }

}  // namespace

std::optional<SoundFormat> sound_format(std::string_view type) {
  if (type == "audio/pcm") return SoundFormat::pcm;
  if (type == "audio/pcmu") return SoundFormat::pcmu;
  if (type == "audio/pcma") return SoundFormat::pcma;
  if (type == "audio/opus") return SoundFormat::opus;
  return std::nullopt;
}

SoundReader::SoundReader(SoundFormat format) : format_(format), resampler_(rate_of(format), audio::heard_hz) {
  if (format == SoundFormat::opus) opus_.emplace();
}

std::optional<audio::Samples> SoundReader::push(std::string_view bytes) {
  if (opus_) return opus_->push(bytes);  // decodes to what is heard by itself
  if (format_ != SoundFormat::pcm) return resampler_.push(audio::from_g711(bytes, law_of(format_)));
  std::string whole = std::exchange(half_sample_, {});
  whole += bytes;
  if (whole.size() % 2 != 0) {
    half_sample_ = whole.back();
    whole.pop_back();
  }
  return resampler_.push(audio::from_pcm16(whole));
}

audio::Samples SoundReader::finish() { return opus_ ? audio::Samples{} : resampler_.finish(); }

SoundWriter::SoundWriter(SoundFormat format) : format_(format), resampler_(audio::spoken_hz, rate_of(format)) {
  if (format == SoundFormat::opus) opus_.emplace();
}

SoundWriter::Pieces SoundWriter::cut(std::span<float const> samples) const {
  auto const longest = static_cast<std::size_t>(rate_of(format_) * longest_piece_ms / 1000);
  std::size_t const count = (samples.size() + longest - 1) / longest;
  Pieces pieces;
  for (std::size_t i = 0; i < count; ++i) {  // of equal length
    std::size_t const from = samples.size() * i / count;
    auto const piece = samples.subspan(from, samples.size() * (i + 1) / count - from);
    pieces.push_back(format_ == SoundFormat::pcm ? audio::to_pcm16(piece) : audio::to_g711(piece, law_of(format_)));
  }
  return pieces;
}

SoundWriter::Pieces SoundWriter::push(std::span<float const> samples) {
  return opus_ ? opus_->push(samples) : cut(resampler_.push(samples));
}

SoundWriter::Pieces SoundWriter::finish() { return opus_ ? opus_->finish() : cut(resampler_.finish()); }

}  // namespace parley::server
