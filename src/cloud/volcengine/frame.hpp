#pragma once
// The binary frames of Volcengine's speech services (openspeech.bytedance.com): one frame is one binary WebSocket message.
// Documents 6561/1354869 (recognition), 6561/1329505 and 6561/1719100 (synthesis), 6561/1594356 (realtime dialogue).
//
//   byte 0   version 1 | header size in 4-byte units        byte 1   message type | flags
//   byte 2   serialization | compression                    byte 3   reserved, 0
//   then, each only where it belongs, all big-endian:
//   [code u32: errors] [sequence i32] [event i32] [length u32 + id] [payload size u32] [payload]
//
// The id is the connection's for events 50–52 (and may be for 1 and 2), the session's for every other event.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::cloud::volcengine {

enum class MessageType : std::uint8_t {
  full_request = 0x1,   ///< JSON from the client
  audio_request = 0x2,  ///< sound from the client
  full_response = 0x9,
  audio_response = 0xB,
  front_end_result = 0xC,
  error = 0xF,
};
enum class Serialization : std::uint8_t { raw = 0, json = 1, thrift = 3, custom = 0xF };
enum class Compression : std::uint8_t { none = 0, gzip = 1, custom = 0xF };

/// A frame as a value; `payload` is never compressed here, whatever `compression` says about the wire.
struct Frame {
  MessageType type = MessageType::full_request;
  Serialization serialization = Serialization::json;
  Compression compression = Compression::none;
  bool last = false;                       ///< the last of its stream
  std::optional<std::int32_t> sequence{};  ///< of the last frame it is negative, normally: go by `last`
  std::optional<std::int32_t> event{};     ///< see event.hpp
  std::optional<std::string> id{};         ///< only with an event
  std::uint32_t code = 0;                  ///< only of errors
  std::string payload;

  bool operator==(Frame const&) const = default;
};

inline constexpr std::size_t most_payload_bytes = std::size_t{16} << 20U;

/// The bytes of a frame. An id without an event is left out; a session event without an id gets an empty one.
[[nodiscard]] std::string encode(Frame const& frame);

/// Reads any frame of either direction, of all dialects the service is known to speak, never beyond `bytes`. Errors are
/// `invalid` with what is wrong, or `too_large`. What is known to vary is tolerated: an error frame without its size, event 51
/// with one string instead of two, a longer header, an acknowledgement without a payload.
[[nodiscard]] core::Result<Frame> decode(std::string_view bytes, std::size_t most_bytes = most_payload_bytes);

}  // namespace parley::cloud::volcengine
