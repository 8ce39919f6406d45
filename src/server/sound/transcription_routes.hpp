#pragma once
// /v1/audio/transcriptions on any speech::Recogniser.
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/job.hpp"
#include "server/http_routes.hpp"
#include "server/sound/transcript_writer.hpp"

namespace parley::server {

struct TranscriptionRequest {
  std::string model = "default";
  std::string recording;  ///< the file's bytes
  std::string file_name;
  std::string language;  ///< empty: detect
  std::string prompt;
  TranscriptShape shape;
  bool stream = false;
};

inline constexpr std::size_t largest_recording = std::size_t{25} << 20;  ///< bytes, as OpenAI has it
inline constexpr double longest_recording_s = 1500;
inline constexpr int most_transcriptions = 4;  ///< at once: a recording of the longest takes 96 MB while it is worked on

/// Source: OpenAI's API reference. What changes the result and is not supported is refused by name.
[[nodiscard]] std::expected<TranscriptionRequest, ProtocolError> read_transcription(std::string_view type,
                                                                                    std::string_view body);

struct TranscriptionHooks {
  /// Of that name ("default" and "whisper-1", which stock clients have built in, are always one). Called on a server thread,
  /// only once the server is ready.
  std::function<core::Result<std::shared_ptr<speech::Recogniser const>>(std::string const& name)> find_recogniser;
  /// Runs `step` in turn with other heavy work, again and again until it says false or the job is dropped.
  std::function<core::Job(std::function<bool()> step)> in_turns;
};

void add_transcription_routes(HttpRoutes& routes, TranscriptionHooks hooks);

}  // namespace parley::server
