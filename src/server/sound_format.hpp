#pragma once
// Sound on the wire of the Realtime protocol: PCM16 at 24 kHz, G.711 at 8 kHz as telephones have it, or Opus, an extension.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audio/format.hpp"
#include "audio/opus.hpp"
#include "audio/resample.hpp"

namespace parley::server {

enum class SoundFormat { pcm, pcmu, pcma, opus };

/// "audio/pcm", "audio/pcmu", "audio/pcma", "audio/opus".
[[nodiscard]] std::optional<SoundFormat> sound_format(std::string_view type);

/// What a client sends, as it is heard (16 kHz). One thread at a time.
class SoundReader {
 public:
  explicit SoundReader(SoundFormat format);
  [[nodiscard]] SoundFormat format() const noexcept { return format_; }
  /// The end of `bytes` may lie inside a sample; of Opus they are one packet. nullopt: they are none.
  [[nodiscard]] std::optional<audio::Samples> push(std::string_view bytes);
  [[nodiscard]] audio::Samples finish();  ///< what the filter still holds
  void forget_half_sample() { half_sample_.clear(); }

 private:
  SoundFormat format_;
  audio::Resampler resampler_;
  std::optional<audio::OpusReader> opus_;
  std::string half_sample_;
};

/// What is spoken (24 kHz), as a client takes it: in pieces of whole samples of at most 100 ms, or of one Opus packet. One
/// answer each; one thread at a time.
class SoundWriter {
 public:
  using Pieces = std::vector<std::string>;
  explicit SoundWriter(SoundFormat format);
  [[nodiscard]] Pieces push(std::span<float const> samples);
  [[nodiscard]] Pieces finish();

 private:
  [[nodiscard]] Pieces cut(std::span<float const> samples) const;
  SoundFormat format_;
  audio::Resampler resampler_;
  std::optional<audio::OpusWriter> opus_;
};

}  // namespace parley::server
