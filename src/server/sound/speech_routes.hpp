#pragma once
// /v1/audio/speech on any speech::Synthesiser: sound leaves as it is made, clause by clause.
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "audio/encoder.hpp"
#include "server/http_routes.hpp"
#include "speech/synthesiser.hpp"

namespace parley::server {

struct SpeechRequest {
  std::string model = "default";
  std::string text;
  std::string voice;  ///< empty: the house's own for the language of the text
  float speed = 1;
  audio::Encoding encoding = audio::Encoding::mp3;
  bool events = false;  ///< server-sent events instead of bare bytes
};

inline constexpr std::size_t longest_spoken_text = 4096;  ///< characters, as OpenAI has it

/// Source: OpenAI's API reference. What changes the sound and is not supported (`instructions`, aac) is refused by name.
[[nodiscard]] std::expected<SpeechRequest, ProtocolError> read_speech(std::string_view body);

/// Called on a server thread, only once the server is ready.
struct SpeechHooks {
  /// The voices behind that name ("default" and "tts-1", which stock clients have built in, are always some).
  std::function<core::Result<std::shared_ptr<speech::Synthesiser const>>(std::string const& name)> find_synthesiser;
  std::function<std::string(std::string const& language)> house_voice;
  /// What of a text may be spoken; an error when none of it. Empty: all of it.
  std::function<core::Result<std::string>(std::string const& text)> gate;
};

void add_speech_routes(HttpRoutes& routes, SpeechHooks hooks);

}  // namespace parley::server
