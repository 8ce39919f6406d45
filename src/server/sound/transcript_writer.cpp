#include "server/sound/transcript_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/event_stream.hpp"
#include "core/utf8.hpp"

namespace parley::server {
namespace {

using Json = nlohmann::ordered_json;

double seconds_of(audio::Heard at) { return static_cast<double>(at.samples) / audio::heard_hz; }

std::string dumped(Json const& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json rounded(double value) { return std::round(value * 1000) / 1000; }

/// "00:01:02,500"; WebVTT has a point where SubRip has a comma.
std::string clock_text(audio::Heard at, char point) {
  auto const ms = at.ms();
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, point, ms % 1000);
}

/// What a recogniser without times has said, as one segment.
std::vector<speech::Segment> segments_of(speech::Transcript const& transcript, double seconds) {
  if (!transcript.segments.empty() || transcript.text.empty()) return transcript.segments;
  return {{.text = transcript.text,
           .begin = {},
           .end = {static_cast<std::int64_t>(seconds * audio::heard_hz)},
           .mean_log_probability = transcript.mean_log_probability}};
}

Json verbose(speech::Transcript const& transcript, double seconds, TranscriptShape const& shape) {
  Json body{
      {"task", "transcribe"}, {"language", transcript.language}, {"duration", rounded(seconds)}, {"text", transcript.text}};
  auto const segments = segments_of(transcript, seconds);
  if (shape.segments) {
    body["segments"] = Json::array();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      auto const& each = segments[i];
      body["segments"].push_back({{"id", i},
                                  {"seek", 0},
                                  {"start", rounded(seconds_of(each.begin))},
                                  {"end", rounded(seconds_of(each.end))},
                                  {"text", each.text},
                                  {"tokens", Json::array()},
                                  {"temperature", 0.0},
                                  {"avg_logprob", rounded(each.mean_log_probability)},
                                  {"compression_ratio", 1.0},
                                  {"no_speech_prob", rounded(each.no_speech)}});
    }
  }
  if (shape.words) {
    body["words"] = Json::array();
    for (auto const& segment : segments) {
      for (auto const& word : segment.words) {
        body["words"].push_back(
            {{"word", word.text}, {"start", rounded(seconds_of(word.begin))}, {"end", rounded(seconds_of(word.end))}});
      }
    }
  }
  body["usage"] = {{"type", "duration"}, {"seconds", static_cast<std::int64_t>(std::ceil(seconds))}};
  return body;
}

std::string subtitles(std::vector<speech::Segment> const& segments, bool vtt) {
  std::string text = vtt ? "WEBVTT\n\n" : "";
  char const point = vtt ? '.' : ',';
  int number = 0;
  for (auto const& each : captions(segments)) {
    if (!vtt) text += fmt::format("{}\n", ++number);
    text += fmt::format("{} --> {}\n{}\n\n", clock_text(each.begin, point), clock_text(each.end, point), each.text);
  }
  return text;
}

constexpr std::int64_t longest_caption_ms = 6000;
constexpr int widest_caption = 84;

int columns(std::string_view text) {
  int wide = 0;
  for (char32_t const c : core::decode_utf8(text)) wide += c >= 0x1100 ? 2 : 1;
  return wide;
}

bool fits(speech::Segment const& segment) {
  return (segment.end - segment.begin).ms() <= longest_caption_ms && columns(segment.text) <= widest_caption;
}

/// The segment in `count` parts of about as many words each; their text begins where their first word stands.
std::vector<speech::Segment> in_parts(speech::Segment const& segment, std::size_t count) {
  std::vector<speech::Segment> parts;
  std::size_t text_at = 0;
  for (std::size_t part = 0; part < count; ++part) {
    auto const first = segment.words.size() * part / count;
    auto const last = segment.words.size() * (part + 1) / count;
    if (first == last) continue;
    std::size_t next = segment.text.size();
    if (last < segment.words.size()) {
      std::size_t at = text_at;
      for (std::size_t i = first; i <= last && at != std::string::npos; ++i) {
        next = segment.text.find(segment.words[i].text, at);
        at = next == std::string::npos ? next : next + segment.words[i].text.size();
      }
      if (next == std::string::npos) return {segment};
    }
    speech::Segment cut = segment;
    cut.text = segment.text.substr(text_at, next - text_at);
    while (cut.text.ends_with(' ')) cut.text.pop_back();
    cut.begin = part == 0 ? segment.begin : segment.words[first].begin;
    cut.end = last == segment.words.size() ? segment.end : segment.words[last - 1].end;
    cut.words.assign(segment.words.begin() + static_cast<std::ptrdiff_t>(first),
                     segment.words.begin() + static_cast<std::ptrdiff_t>(last));
    parts.push_back(std::move(cut));
    text_at = next;
  }
  return parts;
}

}  // namespace

std::vector<speech::Segment> captions(std::vector<speech::Segment> const& segments) {
  std::vector<speech::Segment> all;
  for (auto const& segment : segments) {
    std::vector<speech::Segment> parts{segment};
    for (std::size_t count = 2; count <= segment.words.size() && !std::ranges::all_of(parts, fits); ++count) {
      parts = in_parts(segment, count);
    }
    std::ranges::move(parts, std::back_inserter(all));
  }
  return all;
}

HttpReply transcript_reply(speech::Transcript const& transcript, double seconds, TranscriptShape const& shape) {
  auto const segments = segments_of(transcript, seconds);
  switch (shape.format) {
    case TranscriptFormat::text: return {200, transcript.text + "\n", "text/plain; charset=utf-8", {}};
    case TranscriptFormat::srt: return {200, subtitles(segments, false), "application/x-subrip; charset=utf-8", {}};
    case TranscriptFormat::vtt: return {200, subtitles(segments, true), "text/vtt; charset=utf-8", {}};
    case TranscriptFormat::verbose_json: return {200, dumped(verbose(transcript, seconds, shape)), "application/json", {}};
    case TranscriptFormat::json: break;
  }
  Json const usage{{"type", "duration"}, {"seconds", static_cast<std::int64_t>(std::ceil(seconds))}};
  return {200, dumped({{"text", transcript.text}, {"usage", usage}}), "application/json", {}};
}

std::string transcript_delta(std::string const& delta) {
  return core::sse_event(dumped({{"type", "transcript.text.delta"}, {"delta", delta}}));
}

std::string transcript_done(std::string const& text, double seconds) {
  Json const usage{{"type", "duration"}, {"seconds", static_cast<std::int64_t>(std::ceil(seconds))}};
  return core::sse_event(dumped({{"type", "transcript.text.done"}, {"text", text}, {"usage", usage}}));
}

}  // namespace parley::server
