#pragma once
// Recordings on disk (libsndfile). Reading takes any format it knows, whatever the file is called; writing makes WAV.
#include <filesystem>
#include <memory>
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

/// A recording in memory, decoded a piece at a time: mono, resampled, clamped. One thread at a time.
class RecordingReader {
 public:
  /// Errors as above, but for a recording that turns out too long or empty: that is said by `next`.
  [[nodiscard]] static core::Result<RecordingReader> open(std::string bytes, std::string name, int rate_hz,
                                                          double longest_seconds = 3600);
  ~RecordingReader();
  RecordingReader(RecordingReader&&) noexcept;
  RecordingReader& operator=(RecordingReader&&) noexcept;

  /// The next `seconds` or so; empty at the end.
  [[nodiscard]] core::Result<Samples> next(double seconds);
  [[nodiscard]] std::string const& note() const;

 private:
  struct State;
  explicit RecordingReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// 16-bit mono WAV, written beside and renamed into place, so that there is never half a file.
[[nodiscard]] core::Result<void> write_wav(std::filesystem::path const& path, std::span<float const> samples, int rate_hz);

}  // namespace parley::audio
