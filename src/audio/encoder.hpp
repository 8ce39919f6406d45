#pragma once
// Sound into the bytes of a file, piece by piece, so that it can be heard before its end is known (libsndfile).
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audio/format.hpp"
#include "core/result.hpp"

namespace parley::audio {

enum class Encoding {
  pcm,   ///< 16-bit little-endian samples, no header
  wav,   ///< the same behind a header that leaves the length open
  flac,  ///< without a length in its header
  mp3,
  opus,  ///< in Ogg
};

/// "pcm", "wav", "flac", "mp3", "opus".
[[nodiscard]] std::optional<Encoding> encoding_named(std::string_view name) noexcept;
/// For Content-Type: "audio/mpeg".
[[nodiscard]] std::string_view media_type(Encoding encoding) noexcept;

/// One stream of mono sound. One thread at a time. The bytes of all calls joined are the file.
class Encoder {
 public:
  /// unavailable: the library was built without this encoding. `rate_hz`: 24000 suits all of them.
  [[nodiscard]] static core::Result<Encoder> open(Encoding encoding, int rate_hz);
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  [[nodiscard]] std::string push(std::span<float const> samples);
  /// What is left inside. Nothing may follow.
  [[nodiscard]] std::string finish();

 private:
  struct File;
  Encoder(std::unique_ptr<File> file, std::string head);

  std::unique_ptr<File> file_;  ///< null: the samples are the file
  std::string head_;
};

}  // namespace parley::audio
