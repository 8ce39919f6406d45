#include "server/sound/transcription_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <optional>
#include <utility>

#include "audio/file.hpp"
#include "core/clock.hpp"
#include "core/utf8.hpp"
#include "server/sound/multipart.hpp"
#include "server/text/text_routes.hpp"

namespace parley::server {
namespace {

constexpr double seconds_a_step = 10;  // decoded and resampled in some 10 ms

/// Who is being worked for, and how long that takes.
struct Desk {
  std::atomic<int> taken = 0;
  std::atomic<std::int64_t> usual_ms = 2000;
};

/// One recording while it is being transcribed. Owned by its connection: when the client goes, the work ends.
class TranscriptionWork : public std::enable_shared_from_this<TranscriptionWork> {
 public:
  TranscriptionWork(TranscriptionRequest request, audio::RecordingReader reader, std::shared_ptr<Answer> answer,
                    std::shared_ptr<Desk> desk)
      : request_(std::move(request)), reader_(std::move(reader)), answer_(std::move(answer)), desk_(std::move(desk)) {}
  ~TranscriptionWork() { --desk_->taken; }
  TranscriptionWork(TranscriptionWork const&) = delete;
  TranscriptionWork& operator=(TranscriptionWork const&) = delete;

  void start(speech::Recogniser const& recogniser, TranscriptionHooks const& hooks) {
    bool const times = request_.shape.format != TranscriptFormat::json && request_.shape.format != TranscriptFormat::text;
    utterance_ = recogniser.open({.language = request_.language, .prompt = request_.prompt, .recording = true, .times = times},
                                 [weak = weak_from_this()](core::Result<speech::Transcript> const& transcript) {
                                   if (auto const self = weak.lock()) self->take(transcript);
                                 });
    job_ = hooks.in_turns([weak = weak_from_this()] {
      auto const self = weak.lock();
      return self && self->read_on();
    });
  }

 private:
  static constexpr std::uint64_t whole = 1;

  /// The next piece of the recording. False when that was the last.
  bool read_on() {
    std::lock_guard const lock(mutex_);
    if (!answer_) return false;
    auto const samples = reader_.next(seconds_a_step);
    if (!samples) {
      auto const& error = samples.error();
      answer_->reply(error_reply(400, {std::string(core::name(error.code)), error.message, "file", {}}));
      answer_.reset();
      return false;
    }
    seconds_ += static_cast<double>(samples->size()) / audio::heard_hz;
    if (!samples->empty()) {
      utterance_->push(*samples);
      return true;
    }
    utterance_->transcribe(whole, core::Urgency::text);
    return false;
  }

  void take(core::Result<speech::Transcript> const& transcript) {
    std::lock_guard const lock(mutex_);
    if (!answer_) return;
    if (!transcript) return fail(transcript.error());
    if (request_.stream) say(transcript->text);
    if (!answer_ || transcript->revision != whole) return;
    if (request_.stream) {
      answer_->write(transcript_done(transcript->text, seconds_));
      answer_->end();
    } else {
      answer_->reply(transcript_reply(*transcript, seconds_, request_.shape));
    }
    auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(core::Clock::now() - began_).count();
    desk_->usual_ms = (desk_->usual_ms * 3 + took) / 4;
    answer_.reset();
  }

  /// What is new at the end of the text. A gate may still change what has been said; then the last event tells it.
  void say(std::string const& text) {
    std::string piece;
    if (text.starts_with(told_) && text.size() > told_.size()) {
      piece = transcript_delta(text.substr(told_.size()));
      told_ = text;
    }
    if (!std::exchange(begun_, true)) {
      answer_->begin({200, std::move(piece), "text/event-stream", {{"Cache-Control", "no-cache"}}});
    } else if (!piece.empty() && !answer_->write(std::move(piece))) {
      answer_.reset();
    }
  }

  void fail(core::Error const& error) {
    if (!begun_) answer_->reply(error_reply(error));
    answer_.reset();  // begun: closing without the last chunk tells that something is missing
  }

  std::mutex mutex_;
  TranscriptionRequest const request_;
  audio::RecordingReader reader_;
  std::shared_ptr<Answer> answer_;  ///< null: over
  std::shared_ptr<Desk> desk_;
  std::string told_;
  double seconds_ = 0;
  core::Instant const began_ = core::Clock::now();
  bool begun_ = false;
  std::unique_ptr<speech::UtteranceRecogniser> utterance_;
  core::Job job_;
};

HttpRoutes::Work transcribe(TranscriptionHooks const& hooks, std::shared_ptr<Desk> const& desk, HttpRequest const& asked,
                            std::shared_ptr<Answer> answer) {
  auto request = read_transcription(asked.type, asked.body);
  if (!request) return answer->reply(error_reply(400, request.error())), nullptr;
  auto const recogniser = hooks.find_recogniser(request->model);
  if (!recogniser) return answer->reply(model_error_reply(recogniser.error())), nullptr;
  auto reader =
      audio::RecordingReader::open(std::move(request->recording), request->file_name, audio::heard_hz, longest_recording_s);
  if (!reader) return answer->reply(error_reply(400, {"invalid_value", reader.error().message, "file", {}})), nullptr;
  if (++desk->taken > most_transcriptions) {
    --desk->taken;
    core::Error const busy{core::Code::busy,
                           "as many recordings are being transcribed as there may be at once; try again",
                           {},
                           std::chrono::milliseconds(desk->usual_ms)};
    return answer->reply(error_reply(busy)), nullptr;
  }
  auto work = std::make_shared<TranscriptionWork>(*std::move(request), *std::move(reader), std::move(answer), desk);
  work->start(**recogniser, hooks);
  return work;
}

/// The form's fields while they are read; the first complaint is kept.
struct Form {
  std::vector<FormPart> const& parts;
  std::optional<ProtocolError> complaint = {};

  void complain(std::string const& name, std::string code, std::string message) {
    if (!complaint) complaint = ProtocolError{std::move(code), std::move(message), name, {}};
  }
  FormPart const* find(std::string_view name) const {
    auto const found = std::ranges::find(parts, name, &FormPart::name);
    return found == parts.end() ? nullptr : &*found;
  }
  std::string text(std::string const& name, std::size_t longest) {
    auto const* part = find(name);
    if (part == nullptr) return {};
    if (part->body.size() > longest || !core::is_valid_utf8(part->body)) {
      complain(name, "invalid_value", fmt::format("'{}' is UTF-8 of at most {} bytes.", name, longest));
      return {};
    }
    return std::string(part->body);
  }
  void refuse(std::string const& name, std::string const& why) {
    if (auto const* part = find(name); part != nullptr && !part->body.empty()) complain(name, "unsupported_parameter", why);
  }
};

void read_shape(Form& form, TranscriptionRequest& request) {
  auto const format = form.text("response_format", 32);
  constexpr std::pair<std::string_view, TranscriptFormat> formats[] = {{"json", TranscriptFormat::json},
                                                                       {"text", TranscriptFormat::text},
                                                                       {"srt", TranscriptFormat::srt},
                                                                       {"vtt", TranscriptFormat::vtt},
                                                                       {"verbose_json", TranscriptFormat::verbose_json}};
  auto const* const known = std::ranges::find(formats, format, &std::pair<std::string_view, TranscriptFormat>::first);
  if (known != std::end(formats)) {
    request.shape.format = known->second;
  } else if (!format.empty()) {
    form.complain("response_format", "invalid_value",
                  "Invalid value: '" + format + "'. Supported values are: json, text, srt, vtt, verbose_json.");
  }
  bool named = false, segments = false;
  for (auto const& part : form.parts) {
    if (part.name != "timestamp_granularities[]" && part.name != "timestamp_granularities") continue;
    named = true;
    if (part.body == "word")
      request.shape.words = true;
    else if (part.body == "segment")
      segments = true;
    else
      form.complain("timestamp_granularities", "invalid_value", "'timestamp_granularities' are 'word' and 'segment'.");
  }
  if (!named) return;
  request.shape.segments = segments;
  if (request.shape.format != TranscriptFormat::verbose_json) {
    form.complain("timestamp_granularities", "invalid_value",
                  "'timestamp_granularities' is only allowed when 'response_format' is verbose_json.");
  }
}

void read_stream(Form& form, TranscriptionRequest& request) {
  auto const stream = form.text("stream", 8);
  request.stream = stream == "true" || stream == "1" || stream == "True";
  if (!stream.empty() && !request.stream && stream != "false" && stream != "0" && stream != "False") {
    form.complain("stream", "invalid_type", "'stream' is true or false.");
  }
  bool const plain = request.shape.format == TranscriptFormat::json || request.shape.format == TranscriptFormat::text;
  if (request.stream && !plain) {
    form.complain("stream", "invalid_value", "'stream' goes with the response_format json or text.");
  }
}

}  // namespace

std::expected<TranscriptionRequest, ProtocolError> read_transcription(std::string_view type, std::string_view body) {
  auto const parts = parse_form(type, body);
  if (!parts) return std::unexpected(parts.error());
  Form form{*parts};
  TranscriptionRequest request;
  auto const* file = form.find("file");
  if (file == nullptr || file->body.empty()) {
    form.complain("file", "missing_required_parameter", "Missing required parameter: 'file', a recording that is not empty.");
  } else {
    request.file_name = file->file_name.empty() ? "file" : file->file_name;
  }
  if (auto model = form.text("model", 256); !model.empty()) request.model = std::move(model);
  request.language = form.text("language", 16);
  if (request.language.size() > 3 || !std::ranges::all_of(request.language, [](char c) { return c >= 'a' && c <= 'z'; })) {
    form.complain("language", "invalid_value", "'language' is a code of ISO 639: 'zh', 'en'.");
  }
  request.prompt = form.text("prompt", 4096);
  read_shape(form, request);
  read_stream(form, request);
  if (auto const heat = form.text("temperature", 32); !heat.empty() && heat.find_first_not_of("0.") != std::string::npos) {
    form.complain("temperature", "unsupported_value", "Only the likeliest words are written: 'temperature' is 0.");
  }
  form.refuse("include[]", "'include' is not supported: probabilities are told by segment, in verbose_json.");
  form.refuse("known_speaker_names[]", "Speakers are not told apart.");
  if (form.complaint) return std::unexpected(*form.complaint);
  request.recording = file->body;
  return request;
}

void add_transcription_routes(HttpRoutes& routes, TranscriptionHooks hooks) {
  routes.add_later(
      "POST", "/v1/audio/transcriptions",
      [hooks = std::move(hooks), desk = std::make_shared<Desk>()](HttpRequest const& asked, std::shared_ptr<Answer> answer) {
        return transcribe(hooks, desk, asked, std::move(answer));
      },
      {.needs_key = true, .needs_ready = true, .body_bytes = largest_recording + (std::size_t{1} << 16)});
}

}  // namespace parley::server
