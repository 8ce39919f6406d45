#pragma once
// Opus (RFC 6716), packet by packet, mono: a tenth of the bytes of PCM16. Packets come one by one, whole, in their order.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audio/format.hpp"

struct OpusDecoder;
struct OpusEncoder;

namespace parley::audio {

/// Packets to what is heard (16 kHz). One thread at a time.
class OpusReader {
 public:
  OpusReader();
  ~OpusReader();
  OpusReader(OpusReader&&) noexcept;
  OpusReader& operator=(OpusReader&&) noexcept;
  /// nullopt: the bytes are no packet; the stream goes on with the next.
  [[nodiscard]] std::optional<Samples> push(std::string_view packet);

 private:
  struct Free {
    void operator()(OpusDecoder* decoder) const;
  };
  std::unique_ptr<OpusDecoder, Free> decoder_;
};

/// What is spoken (24 kHz) to packets of 20 ms. One thread at a time.
class OpusWriter {
 public:
  OpusWriter();
  ~OpusWriter();
  OpusWriter(OpusWriter&&) noexcept;
  OpusWriter& operator=(OpusWriter&&) noexcept;
  [[nodiscard]] std::vector<std::string> push(std::span<float const> samples);
  [[nodiscard]] std::vector<std::string> finish();  ///< the last packet is filled up with silence

 private:
  struct Free {
    void operator()(OpusEncoder* encoder) const;
  };
  [[nodiscard]] std::string packet(std::span<float const> frame);
  std::unique_ptr<OpusEncoder, Free> encoder_;
  Samples waiting_;  ///< less than a packet
};

}  // namespace parley::audio
