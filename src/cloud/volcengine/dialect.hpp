#pragma once
// The ways in which Volcengine's synthesis is spoken, and what one connection of each says and understands. Values: no I/O.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/volcengine/synthesis_codec.hpp"
#include "cloud/volcengine/verdict.hpp"

namespace parley::cloud::volcengine {

enum class Dialect {
  bidirection,          ///< wss://…/api/v3/tts/bidirection: sessions on a connection, each begun, fed and finished by name
  unidirection,         ///< wss://…/api/v3/tts/unidirectional/stream: one frame asks, one connection serves many
  unidirectional_http,  ///< https://…/api/v3/tts/unidirectional, …/sse: JSON objects in a streamed body
  v1,                   ///< wss://…/api/v1/tts/ws_binary: one clause a connection, numbered frames
};

/// Told by the end of the address's path; what is not known is the first.
[[nodiscard]] Dialect dialect_of(std::string_view path);

/// One connection for many clauses, one after the other.
[[nodiscard]] constexpr bool serves_many(Dialect dialect) { return dialect != Dialect::v1; }
/// The connection is greeted and greets back before anything is asked.
[[nodiscard]] constexpr bool greets(Dialect dialect) { return dialect == Dialect::bidirection; }

/// What begins a clause; `session` is its number, made by us. Of `bidirection` the text follows when the session has started.
[[nodiscard]] Frame opening(Dialect dialect, std::string const& session, SynthesisRequest const& request,
                            std::string_view text);

/// What a frame of the service means for the clause that is on its connection.
struct Heard {
  bool connected = false;       ///< the greeting came back
  bool started = false;         ///< the session has started
  std::string sound;            ///< pcm16, perhaps cut in the middle of a sample
  std::optional<Said> refused;  ///< the connection is
  std::optional<Said> over;     ///< the clause is, well or not
};
/// `session`: of the clause. A frame that belongs to another one means nothing.
[[nodiscard]] Heard understand(Dialect dialect, Frame const& frame, std::string const& session);

}  // namespace parley::cloud::volcengine
