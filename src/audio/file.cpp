#include "audio/file.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include "audio/resample.hpp"
#include "core/file.hpp"

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

struct RecordingReader::State {
  State(std::string given, std::string called, int rate, double longest)
      : bytes(std::move(given)), name(std::move(called)), rate_hz(rate), longest_seconds(longest) {}

  std::string bytes, name, note;
  int rate_hz;
  double longest_seconds;
  Memory memory{bytes};
  SF_INFO info{};
  File file;  // after the memory it reads
  std::optional<Resampler> resampler;
  double seconds = 0;
  bool ended = false;
};

RecordingReader::RecordingReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordingReader::~RecordingReader() = default;
RecordingReader::RecordingReader(RecordingReader&&) noexcept = default;
RecordingReader& RecordingReader::operator=(RecordingReader&&) noexcept = default;

std::string const& RecordingReader::note() const { return state_->note; }

Result<RecordingReader> RecordingReader::open(std::string bytes, std::string name, int rate_hz, double longest_seconds) {
  if (bytes.empty()) return fail(Code::invalid, "the recording is empty (0 bytes)", name);
  auto state = std::make_unique<State>(std::move(bytes), std::move(name), rate_hz, longest_seconds);
  SF_VIRTUAL_IO io{Memory::length, Memory::seek, Memory::read, Memory::write, Memory::tell};
  SF_INFO& info = state->info;
  state->file.reset(sf_open_virtual(&io, SFM_READ, &info, &state->memory));
  if (!state->file) {
    return fail(Code::invalid, "this is no recording that can be read; give a WAV, FLAC, Ogg or MP3 file", state->name);
  }
  if (info.channels < 1 || info.channels > 64 || info.samplerate < 1000 || info.samplerate > 768000) {
    return fail(Code::invalid, fmt::format("{} channels at {} Hz make no sense in a recording", info.channels, info.samplerate),
                state->name);
  }
  state->note = note_of(info, rate_hz);
  if (info.samplerate != rate_hz) state->resampler.emplace(info.samplerate, rate_hz);
  return RecordingReader(std::move(state));
}

Result<Samples> RecordingReader::next(double seconds) {
  constexpr sf_count_t block_frames = 4096;
  State& state = *state_;
  auto const channels = static_cast<std::size_t>(state.info.channels);
  Samples mono, block(static_cast<std::size_t>(block_frames) * channels);
  auto const wanted = static_cast<std::size_t>(seconds * state.info.samplerate);
  while (!state.ended && mono.size() < wanted) {
    sf_count_t const got = sf_readf_float(state.file.get(), block.data(), block_frames);
    if (got <= 0) {
      state.ended = true;
      break;
    }
    for (std::size_t frame = 0; frame < static_cast<std::size_t>(got); ++frame) {
      float sum = 0;
      for (std::size_t channel = 0; channel < channels; ++channel) sum += block[frame * channels + channel];
      float const sample = sum / static_cast<float>(channels);
      mono.push_back(std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F);
    }
  }
  state.seconds += static_cast<double>(mono.size()) / state.info.samplerate;
  if (state.seconds > state.longest_seconds) {
    return fail(Code::too_large, fmt::format("the recording is longer than {:.0f} s; cut it", state.longest_seconds),
                state.name);
  }
  if (state.ended && state.seconds <= 0) return fail(Code::invalid, "the recording holds no sound (0 samples)", state.name);
  if (!state.resampler) return mono;
  auto samples = state.resampler->push(mono);
  if (state.ended) {
    auto const rest = state.resampler->finish();
    samples.insert(samples.end(), rest.begin(), rest.end());
    state.resampler.reset();
  }
  return samples;
}

Result<Recording> parse_recording(std::string const& bytes, std::string const& name, int rate_hz, double longest_seconds) {
  auto reader = RecordingReader::open(bytes, name, rate_hz, longest_seconds);
  if (!reader) return std::unexpected(reader.error());
  Recording recording{{}, rate_hz, reader->note()};
  for (;;) {
    auto const piece = reader->next(10);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return recording;
    recording.samples.insert(recording.samples.end(), piece->begin(), piece->end());
  }
}

Result<Recording> read_recording(std::filesystem::path const& path, int rate_hz, double longest_seconds) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return fail(Code::invalid, "this is a folder, not a recording", path.string());
  auto bytes = core::file_bytes(path);
  if (!bytes) return fail(Code::not_found, "there is no such file, or it may not be read", path.string());
  return parse_recording(*std::move(bytes), path.string(), rate_hz, longest_seconds);
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
