#include "cloud/volcengine/frame.hpp"

#include <algorithm>
#include <array>

#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/gzip.hpp"

namespace parley::cloud::volcengine {
namespace {

using core::Code;

constexpr std::uint8_t has_sequence = 1;
constexpr std::uint8_t is_last = 2;
constexpr std::uint8_t has_event = 4;

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

void put_sized(std::string& out, std::string_view bytes) {
  put_u32(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

/// Takes fields off the front; once something was missing everything else is missing too.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint32_t u32() {
    auto const four = take(4);
    std::uint32_t value = 0;
    for (char const c : four) value = (value << 8U) | static_cast<std::uint8_t>(c);
    return value;
  }
  std::string_view sized() { return take(u32()); }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      whole_ = false;
      rest_ = {};
      return {};
    }
    auto const part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool whole() const { return whole_; }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

std::string_view error_text(Reader& reader) {
  auto const all = reader.rest();
  Reader sized(all);
  auto const text = sized.sized();
  bool const as_documented = sized.whole() && sized.rest().empty();
  reader.take(all.size());
  return as_documented ? text : all;
}

/// Connection events carry an id and a payload, or only a payload, or (51) one string that is meant as the payload.
std::string_view id_and_payload(Reader& reader, Frame& frame) {
  auto const first = reader.sized();
  if (is_connection_event(*frame.event) && reader.rest().empty()) return first;
  frame.id.emplace(first);
  return reader.sized();
}

core::Result<std::string> unpacked(std::string_view payload, Compression compression, std::size_t most_bytes) {
  if (compression == Compression::gzip) return gunzip(payload, most_bytes);
  return std::string(payload);
}

}  // namespace

std::string encode(Frame const& frame) {
  std::string const packed = frame.compression == Compression::gzip ? gzip(frame.payload) : std::string();
  std::string_view const payload = frame.compression == Compression::gzip ? packed : frame.payload;
  unsigned const flags = (frame.sequence ? has_sequence : 0U) | (frame.last ? is_last : 0U) | (frame.event ? has_event : 0U);
  std::string out;
  out.reserve(28 + (frame.id ? frame.id->size() : 0) + payload.size());
  out.push_back(0x11);
  out.push_back(static_cast<char>((static_cast<unsigned>(frame.type) << 4U) | flags));
  out.push_back(
      static_cast<char>((static_cast<unsigned>(frame.serialization) << 4U) | static_cast<unsigned>(frame.compression)));
  out.push_back(0);
  if (frame.type == MessageType::error) put_u32(out, frame.code);
  if (frame.sequence) put_u32(out, static_cast<std::uint32_t>(*frame.sequence));
  if (frame.event) {
    put_u32(out, static_cast<std::uint32_t>(*frame.event));
    if (frame.id || !is_connection_event(*frame.event)) put_sized(out, frame.id.value_or(""));
  }
  put_sized(out, payload);
  return out;
}

core::Result<Frame> decode(std::string_view bytes, std::size_t most_bytes) {
  auto const bad = [](char const* what) { return core::fail(Code::invalid, what, "frame"); };
  if (bytes.size() > most_bytes) return core::fail(Code::too_large, "a frame is larger than is read", "frame");
  if (bytes.size() < 4) return bad("a frame is shorter than its header");
  auto const byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (byte(0) >> 4U != 1) return bad("the version of a frame is not 1");
  std::size_t const header = (byte(0) & 0xFU) * std::size_t{4};
  if (header < 4 || header > bytes.size()) return bad("the header of a frame does not fit into it");

  Frame frame;
  unsigned const type = byte(1) >> 4U;
  constexpr std::array types{0x1U, 0x2U, 0x9U, 0xBU, 0xCU, 0xFU};
  if (std::ranges::find(types, type) == types.end()) return bad("a frame has a type nobody knows");
  frame.type = static_cast<MessageType>(type);
  unsigned const flags = byte(1) & 0xFU;
  if (flags > 7) return bad("a frame has flags nobody knows");
  frame.serialization = static_cast<Serialization>(byte(2) >> 4U);
  frame.compression = static_cast<Compression>(byte(2) & 0xFU);
  frame.last = (flags & is_last) != 0;

  Reader reader(bytes.substr(header));
  if (frame.type == MessageType::error) frame.code = reader.u32();
  if ((flags & has_sequence) != 0) frame.sequence = static_cast<std::int32_t>(reader.u32());
  if ((flags & has_event) != 0) frame.event = static_cast<std::int32_t>(reader.u32());
  bool const acknowledgement = frame.type == MessageType::audio_response && flags == 0 && reader.rest().empty();
  std::string_view payload;
  if (frame.event) {
    payload = id_and_payload(reader, frame);
  } else if (frame.type == MessageType::error) {
    payload = error_text(reader);
  } else if (!acknowledgement) {
    payload = reader.sized();
  }
  if (!reader.whole()) return bad("a frame ends before its fields do");
  if (!reader.rest().empty()) return bad("a frame is longer than its fields");
  auto text = unpacked(payload, frame.compression, most_bytes);
  if (text) {
    frame.payload = *std::move(text);
  } else if (frame.type == MessageType::error) {
    frame.payload = payload;  // what went wrong matters more than how it is packed
  } else {
    return std::unexpected(text.error());
  }
  return frame;
}

}  // namespace parley::cloud::volcengine
