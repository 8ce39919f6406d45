#pragma once
// Recordings on disk (libsndfile). Reading takes any format it knows, whatever the file is called; writing makes WAV.
#include <filesystem>
#include <span>
#include <string>

#include "audio/format.hpp"
#include "core/result.hpp"

namespace parley::audio {

struct Recording {
  Samples samples;  ///< mono, at `rate_hz` as asked for
  int rate_hz = 0;
  std::string note;  ///< what had to be done to it, for the person to know; empty when nothing: "stereo 44100 Hz …"
};

/// Reads, mixes to mono and resamples to `rate_hz`. Refuses (invalid) what holds no sound, is no recording, or is longer than
/// `longest_seconds` (too_large); not_found when there is no such file.
[[nodiscard]] core::Result<Recording> read_recording(std::filesystem::path const& path, int rate_hz,
                                                     double longest_seconds = 3600);
/// The same from bytes in memory; `name` is for messages.
[[nodiscard]] core::Result<Recording> parse_recording(std::string const& bytes, std::string const& name, int rate_hz,
                                                      double longest_seconds = 3600);

/// 16-bit mono WAV, written beside and renamed into place, so that there is never half a file.
[[nodiscard]] core::Result<void> write_wav(std::filesystem::path const& path, std::span<float const> samples, int rate_hz);

}  // namespace parley::audio
