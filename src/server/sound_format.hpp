#pragma once
// Sound on the wire of the Realtime protocol: PCM16 at 24 kHz, or G.711 at 8 kHz as telephones have it.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audio/format.hpp"
#include "audio/resample.hpp"

namespace parley::server {

enum class SoundFormat { pcm, pcmu, pcma };

/// "audio/pcm", "audio/pcmu", "audio/pcma".
[[nodiscard]] std::optional<SoundFormat> sound_format(std::string_view type);

/// What a client sends, as it is heard (16 kHz). One thread at a time.
class SoundReader {
 public:
  explicit SoundReader(SoundFormat format);
  [[nodiscard]] SoundFormat format() const noexcept { return format_; }
  /// The end of `bytes` may lie inside a sample.
  [[nodiscard]] audio::Samples push(std::string_view bytes);
  [[nodiscard]] audio::Samples finish();  ///< what the filter still holds
  void forget_half_sample() { half_sample_.clear(); }

 private:
  SoundFormat format_;
  audio::Resampler resampler_;
  std::string half_sample_;
};

/// What is spoken (24 kHz), as a client takes it. One answer each; one thread at a time.
class SoundWriter {
 public:
  explicit SoundWriter(SoundFormat format);
  [[nodiscard]] std::string push(std::span<float const> samples);
  [[nodiscard]] std::string finish();

 private:
  [[nodiscard]] std::string encode(std::span<float const> samples) const;
  SoundFormat format_;
  audio::Resampler resampler_;
};

}  // namespace parley::server
