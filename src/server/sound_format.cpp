#include "server/sound_format.hpp"

#include <utility>

#include "audio/g711.hpp"
#include "audio/pcm16.hpp"

namespace parley::server {
namespace {

int rate_of(SoundFormat format) { return format == SoundFormat::pcm ? audio::spoken_hz : audio::telephone_hz; }

audio::G711 law_of(SoundFormat format) { return format == SoundFormat::pcmu ? audio::G711::mu_law : audio::G711::a_law; }

}  // namespace

std::optional<SoundFormat> sound_format(std::string_view type) {
  if (type == "audio/pcm") return SoundFormat::pcm;
  if (type == "audio/pcmu") return SoundFormat::pcmu;
  if (type == "audio/pcma") return SoundFormat::pcma;
  return std::nullopt;
}

SoundReader::SoundReader(SoundFormat format) : format_(format), resampler_(rate_of(format), audio::heard_hz) {}

audio::Samples SoundReader::push(std::string_view bytes) {
  if (format_ != SoundFormat::pcm) return resampler_.push(audio::from_g711(bytes, law_of(format_)));
  std::string whole = std::exchange(half_sample_, {});
  whole += bytes;
  if (whole.size() % 2 != 0) {
    half_sample_ = whole.back();
    whole.pop_back();
  }
  return resampler_.push(audio::from_pcm16(whole));
}

audio::Samples SoundReader::finish() { return resampler_.finish(); }

SoundWriter::SoundWriter(SoundFormat format) : format_(format), resampler_(audio::spoken_hz, rate_of(format)) {}

std::string SoundWriter::encode(std::span<float const> samples) const {
  return format_ == SoundFormat::pcm ? audio::to_pcm16(samples) : audio::to_g711(samples, law_of(format_));
}

std::string SoundWriter::push(std::span<float const> samples) { return encode(resampler_.push(samples)); }

std::string SoundWriter::finish() { return encode(resampler_.finish()); }

}  // namespace parley::server
