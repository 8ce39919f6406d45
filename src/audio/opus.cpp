#include "audio/opus.hpp"

#include <opus/opus.h>

#include <array>
#include <new>

namespace parley::audio {
namespace {

constexpr std::size_t longest_packet = 120 * heard_hz / 1000;  // 120 ms, says the RFC
constexpr std::size_t frame = 20 * spoken_hz / 1000;
constexpr std::size_t most_bytes = 1275;  // of a frame, says the RFC

}  // namespace

void OpusReader::Free::operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
void OpusWriter::Free::operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }

OpusReader::OpusReader() {
  int error = OPUS_OK;
  decoder_.reset(opus_decoder_create(heard_hz, 1, &error));
  if (error != OPUS_OK) throw std::bad_alloc();  // its arguments are right, so nothing else can be wrong
}
OpusReader::~OpusReader() = default;
OpusReader::OpusReader(OpusReader&&) noexcept = default;
OpusReader& OpusReader::operator=(OpusReader&&) noexcept = default;

std::optional<Samples> OpusReader::push(std::string_view packet) {
  if (packet.empty()) return Samples{};  // a null packet would mean a lost one
  Samples samples(longest_packet);
  auto const* bytes = reinterpret_cast<unsigned char const*>(packet.data());
  int const decoded = opus_decode_float(decoder_.get(), bytes, static_cast<opus_int32>(packet.size()), samples.data(),
                                        static_cast<int>(samples.size()), 0);
  if (decoded < 0) return std::nullopt;
  samples.resize(static_cast<std::size_t>(decoded));
  return samples;
}

OpusWriter::OpusWriter() {
  int error = OPUS_OK;
  encoder_.reset(opus_encoder_create(spoken_hz, 1, OPUS_APPLICATION_VOIP, &error));
  if (error != OPUS_OK) throw std::bad_alloc();
}
OpusWriter::~OpusWriter() = default;
OpusWriter::OpusWriter(OpusWriter&&) noexcept = default;
OpusWriter& OpusWriter::operator=(OpusWriter&&) noexcept = default;

std::string OpusWriter::packet(std::span<float const> sound) {
  std::array<unsigned char, most_bytes> bytes{};
  auto const size = opus_encode_float(encoder_.get(), sound.data(), static_cast<int>(sound.size()), bytes.data(), bytes.size());
  return {reinterpret_cast<char const*>(bytes.data()), static_cast<std::size_t>(std::max(0, size))};
}

std::vector<std::string> OpusWriter::push(std::span<float const> samples) {
  waiting_.insert(waiting_.end(), samples.begin(), samples.end());
  std::vector<std::string> packets;
  std::size_t at = 0;
  for (; at + frame <= waiting_.size(); at += frame) packets.push_back(packet(std::span(waiting_).subspan(at, frame)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at));
  return packets;
}

std::vector<std::string> OpusWriter::finish() {
  if (waiting_.empty()) return {};
  waiting_.resize(frame, 0.0F);
  return push({});
}

}  // namespace parley::audio
