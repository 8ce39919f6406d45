#pragma once
// Transcripts in the shapes of OpenAI's /v1/audio/transcriptions. Pure.
#include <string>
#include <vector>

#include "server/http_routes.hpp"
#include "speech/recogniser.hpp"

namespace parley::server {

enum class TranscriptFormat { json, text, srt, vtt, verbose_json };

struct TranscriptShape {
  TranscriptFormat format = TranscriptFormat::json;
  bool words = false;    ///< in verbose_json
  bool segments = true;  ///< in verbose_json
};

/// `seconds`: of the recording.
[[nodiscard]] HttpReply transcript_reply(speech::Transcript const& transcript, double seconds, TranscriptShape const& shape);

// Server-sent events.
[[nodiscard]] std::string transcript_delta(std::string const& delta);
[[nodiscard]] std::string transcript_done(std::string const& text, double seconds);

/// Segments as they may stand under a picture: none longer than 6 s or 84 columns (a Chinese character is two), cut between
/// words where their times are known.
[[nodiscard]] std::vector<speech::Segment> captions(std::vector<speech::Segment> const& segments);

}  // namespace parley::server
