#include "audio/encoder.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "audio/pcm16.hpp"

namespace parley::audio {
namespace {

struct Known {
  Encoding encoding;
  std::string_view name, media;
  int format;  ///< of libsndfile; 0: made here
};
constexpr std::array known{
    Known{Encoding::pcm, "pcm", "audio/pcm", 0},
    Known{Encoding::wav, "wav", "audio/wav", 0},
    Known{Encoding::flac, "flac", "audio/flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
    Known{Encoding::mp3, "mp3", "audio/mpeg", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
    Known{Encoding::opus, "opus", "audio/ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS},
};

Known const& entry(Encoding encoding) { return known[static_cast<std::size_t>(encoding)]; }

void append_little(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

/// RIFF with both lengths at their largest, which readers of streams take as "until the end".
std::string wav_head(int rate_hz) {
  constexpr std::uint32_t open_end = 0xFFFFFFFF;
  auto const rate = static_cast<std::uint32_t>(rate_hz);
  std::string head = "RIFF";
  append_little(head, open_end, 4);
  head += "WAVEfmt ";
  append_little(head, 16, 4);
  append_little(head, 1, 2);  // PCM
  append_little(head, 1, 2);  // channels
  append_little(head, rate, 4);
  append_little(head, rate * 2, 4);
  append_little(head, 2, 2);
  append_little(head, 16, 2);
  head += "data";
  append_little(head, open_end, 4);
  return head;
}

/// What the library writes. It goes back to its head when it closes; what has left by then stays as it was.
struct Pieces {
  std::string waiting;
  sf_count_t sent = 0, position = 0;

  static Pieces& of(void* user) { return *static_cast<Pieces*>(user); }
  [[nodiscard]] sf_count_t size() const { return sent + static_cast<sf_count_t>(waiting.size()); }
  static sf_count_t length(void* user) { return of(user).size(); }
  static sf_count_t tell(void* user) { return of(user).position; }
  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    auto& pieces = of(user);
    sf_count_t const base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? pieces.position : pieces.size();
    return pieces.position = std::max<sf_count_t>(base + offset, 0);
  }
  static sf_count_t read(void*, sf_count_t, void*) { return 0; }
  static sf_count_t write(void const* bytes, sf_count_t count, void* user) {
    auto& pieces = of(user);
    std::string_view given(static_cast<char const*>(bytes), static_cast<std::size_t>(count));
    if (pieces.position < pieces.sent) {
      auto const late = std::min(count, pieces.sent - pieces.position);
      pieces.position += late;
      given.remove_prefix(static_cast<std::size_t>(late));
      if (given.empty()) return count;
    }
    auto const at = static_cast<std::size_t>(pieces.position - pieces.sent);
    if (at + given.size() > pieces.waiting.size()) pieces.waiting.resize(at + given.size());
    pieces.waiting.replace(at, given.size(), given);
    pieces.position += static_cast<sf_count_t>(given.size());
    return count;
  }
  std::string take() {
    sent += static_cast<sf_count_t>(waiting.size());
    return std::exchange(waiting, {});
  }
};

}  // namespace

struct Encoder::File {
  Pieces pieces;
  SNDFILE* handle = nullptr;

  File() = default;
  File(File const&) = delete;
  File& operator=(File const&) = delete;
  ~File() { close(); }
  void close() {
    if (handle != nullptr) sf_close(std::exchange(handle, nullptr));
  }
};

std::optional<Encoding> encoding_named(std::string_view name) noexcept {
  for (auto const& each : known) {
    if (each.name == name) return each.encoding;
  }
  return std::nullopt;
}

std::string_view media_type(Encoding encoding) noexcept { return entry(encoding).media; }

core::Result<Encoder> Encoder::open(Encoding encoding, int rate_hz) {
  if (encoding == Encoding::pcm) return Encoder(nullptr, {});
  if (encoding == Encoding::wav) return Encoder(nullptr, wav_head(rate_hz));
  auto file = std::make_unique<File>();
  SF_VIRTUAL_IO io{Pieces::length, Pieces::seek, Pieces::read, Pieces::write, Pieces::tell};
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = 1;
  info.format = entry(encoding).format;
  file->handle = sf_open_virtual(&io, SFM_WRITE, &info, &file->pieces);
  if (file->handle == nullptr) {
    return core::fail(core::Code::unavailable,
                      fmt::format("this machine's libsndfile cannot write {}; use wav", entry(encoding).name),
                      "response_format");
  }
  sf_command(file->handle, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  // The head of a stream has left before its length is known: a reader tells it from the bytes, which needs a constant rate.
  int constant_rate = SF_BITRATE_MODE_CONSTANT;
  if (encoding == Encoding::mp3) sf_command(file->handle, SFC_SET_BITRATE_MODE, &constant_rate, sizeof constant_rate);
  double page_ms = 100;  // a page of Ogg holds a second otherwise, and nothing leaves before it is full
  sf_command(file->handle, SFC_SET_OGG_PAGE_LATENCY_MS, &page_ms, sizeof page_ms);
  return Encoder(std::move(file), {});
}

Encoder::Encoder(std::unique_ptr<File> file, std::string head) : file_(std::move(file)), head_(std::move(head)) {}
Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

std::string Encoder::push(std::span<float const> samples) {
  if (!file_) return std::exchange(head_, {}) + to_pcm16(samples);
  std::vector<float> finite(samples.begin(), samples.end());
  for (float& x : finite) x = std::isfinite(x) ? x : 0;
  sf_write_float(file_->handle, finite.data(), static_cast<sf_count_t>(finite.size()));
  return file_->pieces.take();
}

std::string Encoder::finish() {
  if (!file_) return std::exchange(head_, {});
  file_->close();
  return file_->pieces.take();
}

}  // namespace parley::audio
