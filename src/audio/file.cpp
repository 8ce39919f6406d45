#include "audio/file.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "audio/resample.hpp"

namespace parley::audio {
namespace {

using core::Code;
using core::fail;
using core::Result;

struct Close {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

/// libsndfile's window onto bytes in memory.
struct Memory {
  std::string const& bytes;
  sf_count_t position = 0;

  static Memory& of(void* user) { return *static_cast<Memory*>(user); }
  static sf_count_t length(void* user) { return static_cast<sf_count_t>(of(user).bytes.size()); }
  static sf_count_t tell(void* user) { return of(user).position; }
  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    auto& memory = of(user);
    sf_count_t const base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.position : length(user);
    memory.position = std::clamp<sf_count_t>(base + offset, 0, length(user));
    return memory.position;
  }
  static sf_count_t read(void* out, sf_count_t count, void* user) {
    auto& memory = of(user);
    sf_count_t const left = std::clamp<sf_count_t>(length(user) - memory.position, 0, std::max<sf_count_t>(count, 0));
    std::memcpy(out, memory.bytes.data() + memory.position, static_cast<std::size_t>(left));
    memory.position += left;
    return left;
  }
  static sf_count_t write(void const*, sf_count_t, void*) { return 0; }
};

std::string format_name(int format) {
  SF_FORMAT_INFO info{};
  info.format = format & SF_FORMAT_TYPEMASK;
  if (sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info) != 0 || info.name == nullptr) return "unknown";
  return info.name;
}

std::string note_of(SF_INFO const& info, int rate_hz) {
  std::string note;
  auto add = [&](std::string const& part) { note += (note.empty() ? "" : ", ") + part; };
  int const type = info.format & SF_FORMAT_TYPEMASK;
  if (type != SF_FORMAT_WAV && type != SF_FORMAT_WAVEX) add(format_name(info.format) + " decoded");
  if (info.channels > 1) add(fmt::format("{} channels mixed to one", info.channels));
  if (info.samplerate != rate_hz) add(fmt::format("{} Hz resampled to {} Hz", info.samplerate, rate_hz));
  return note;
}

}  // namespace

Result<Recording> parse_recording(std::string const& bytes, std::string const& name, int rate_hz, double longest_seconds) {
  if (bytes.empty()) return fail(Code::invalid, "the recording is empty (0 bytes)", name);
  Memory memory{bytes};
  SF_VIRTUAL_IO io{Memory::length, Memory::seek, Memory::read, Memory::write, Memory::tell};
  SF_INFO info{};
  File const file(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (!file) {
    return fail(Code::invalid, "this is no recording that can be read; give a WAV, FLAC, Ogg or MP3 file", name);
  }
  if (info.channels < 1 || info.channels > 64 || info.samplerate < 1000 || info.samplerate > 768000) {
    return fail(Code::invalid, fmt::format("{} channels at {} Hz make no sense in a recording", info.channels, info.samplerate),
                name);
  }
  auto const frames_max = static_cast<std::size_t>(longest_seconds * info.samplerate);
  auto const channels = static_cast<std::size_t>(info.channels);
  Samples mono, block(4096 * channels);
  for (sf_count_t got = 0; (got = sf_readf_float(file.get(), block.data(), 4096)) > 0;) {
    for (std::size_t frame = 0; frame < static_cast<std::size_t>(got); ++frame) {
      float sum = 0;
      for (std::size_t channel = 0; channel < channels; ++channel) sum += block[frame * channels + channel];
      float const sample = sum / static_cast<float>(channels);
      mono.push_back(std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F);
    }
    if (mono.size() > frames_max) {
      return fail(Code::too_large, fmt::format("the recording is longer than {:.0f} s; cut it", longest_seconds), name);
    }
  }
  if (mono.empty()) return fail(Code::invalid, "the recording holds no sound (0 samples)", name);
  return Recording{info.samplerate == rate_hz ? std::move(mono) : resample(mono, info.samplerate, rate_hz), rate_hz,
                   note_of(info, rate_hz)};
}

Result<Recording> read_recording(std::filesystem::path const& path, int rate_hz, double longest_seconds) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return fail(Code::invalid, "this is a folder, not a recording", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::not_found, "there is no such file, or it may not be read", path.string());
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return parse_recording(std::move(bytes).str(), path.string(), rate_hz, longest_seconds);
}

Result<void> write_wav(std::filesystem::path const& path, std::span<float const> samples, int rate_hz) {
  std::filesystem::path part = path;
  part += ".part";
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  File file(sf_open(part.c_str(), SFM_WRITE, &info));
  if (!file) return fail(Code::invalid, "cannot write there; is the folder there and writable?", path.string());
  sf_command(file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
  auto const count = static_cast<sf_count_t>(samples.size());
  bool const whole = sf_write_float(file.get(), samples.data(), count) == count;
  file.reset();
  std::error_code error;
  if (whole) std::filesystem::rename(part, path, error);
  if (!whole || error) {
    std::filesystem::remove(part, error);
    return fail(Code::unavailable, "the sound could not be written; is the disk full?", path.string());
  }
  return {};
}

}  // namespace parley::audio
