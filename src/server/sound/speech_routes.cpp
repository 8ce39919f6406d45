#include "server/sound/speech_routes.hpp"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <vector>

#include "core/event_stream.hpp"
#include "core/utf8.hpp"
#include "server/base64.hpp"
#include "server/field_reader.hpp"
#include "server/session_config.hpp"
#include "server/text/text_routes.hpp"
#include "speech/clause_cutter.hpp"

namespace parley::server {
namespace {

std::vector<std::string> clauses_of(std::string const& text) {
  speech::ClauseCutter cutter;
  auto clauses = cutter.push(text);
  for (auto& clause : cutter.finish()) clauses.push_back(std::move(clause));
  std::erase_if(clauses, [](std::string const& clause) { return clause.find_first_not_of(" \t\r\n") == std::string::npos; });
  return clauses;
}

/// One text while it is being spoken. Owned by its connection: when the client goes, so does the clause under way.
class SpeechWork : public std::enable_shared_from_this<SpeechWork> {
 public:
  SpeechWork(SpeechRequest request, std::shared_ptr<speech::Synthesiser const> voices, audio::Encoder encoder,
             std::shared_ptr<Answer> answer)
      : request_(std::move(request)),
        clauses_(clauses_of(request_.text)),
        voices_(std::move(voices)),
        encoder_(std::move(encoder)),
        answer_(std::move(answer)) {}

  /// The next clause, or the end. Not under the lock: a synthesiser may answer at once.
  void next() {
    speech::SpeakRequest wish;
    std::size_t number = 0;
    {
      std::lock_guard const lock(mutex_);
      if (!answer_) return;
      if (at_ == clauses_.size()) return finish();
      wish.text = clauses_[at_++];
      number = at_;
    }
    wish.language = core::guess_language(request_.text);
    if (wish.language.empty()) wish.language = "en";
    wish.voice = request_.voice;
    wish.speed = request_.speed;
    wish.urgency = core::Urgency::text;
    auto job = voices_->speak(std::move(wish), [weak = weak_from_this()](core::Result<speech::SpokenBlock> const& block) {
      if (auto const self = weak.lock()) self->take(block);
    });
    std::lock_guard const lock(mutex_);
    if (answer_ && at_ == number) job_ = std::move(job);
  }

 private:
  void take(core::Result<speech::SpokenBlock> const& block) {
    {
      std::lock_guard const lock(mutex_);
      if (!answer_) return;
      if (!block) return fail(block.error());
      if (!say(encoder_.push(block->samples))) return leave();
      if (!block->last) return;
    }
    next();
  }

  bool say(std::string const& bytes) {
    if (bytes.empty()) return true;
    std::string piece = bytes;
    if (request_.events) {
      std::string event = R"({"type":"speech.audio.delta","audio":")";
      append_base64(event, bytes);
      piece = core::sse_event(event += "\"}");
    }
    if (begun_) return answer_->write(std::move(piece));
    begun_ = true;
    answer_->begin({200,
                    std::move(piece),
                    request_.events ? "text/event-stream" : std::string(audio::media_type(request_.encoding)),
                    {{"Cache-Control", "no-cache"}}});
    return true;
  }

  void finish() {
    (void)say(encoder_.finish());
    if (request_.events) {
      auto const read = core::count_code_points(request_.text);
      answer_->write(core::sse_event(fmt::format(
          R"({{"type":"speech.audio.done","usage":{{"input_tokens":{},"output_tokens":0,"total_tokens":{}}}}})", read, read)));
    }
    if (begun_)
      answer_->end();
    else
      answer_->reply(error_reply(400, {"invalid_value", "There is nothing in 'input' that can be spoken.", "input", {}}));
    leave();
  }

  void fail(core::Error const& error) {
    // Once sound has left, closing without the last chunk tells that something is missing.
    if (!begun_) answer_->reply(error_reply(error));
    leave();
  }

  void leave() {
    answer_.reset();
    job_ = {};
  }

  std::mutex mutex_;
  SpeechRequest const request_;
  std::vector<std::string> const clauses_;
  std::shared_ptr<speech::Synthesiser const> const voices_;
  audio::Encoder encoder_;
  std::shared_ptr<Answer> answer_;  ///< null: over
  core::Job job_;
  std::size_t at_ = 0;
  bool begun_ = false;
};

HttpRoutes::Work speak(SpeechHooks const& hooks, HttpRequest const& asked, std::shared_ptr<Answer> answer) {
  auto request = read_speech(asked.body);
  if (!request) return answer->reply(error_reply(400, request.error())), nullptr;
  auto voices = hooks.find_synthesiser(request->model);
  if (!voices) return answer->reply(model_error_reply(voices.error())), nullptr;
  if (request->voice.empty()) {
    std::string language(core::guess_language(request->text));
    request->voice = hooks.house_voice(language.empty() ? "en" : language);
  } else if (auto const known = (*voices)->check(request->voice); !known) {
    return answer->reply(error_reply(400, {"invalid_value", known.error().message, "voice", {}})), nullptr;
  }
  if (hooks.gate) {
    auto allowed = hooks.gate(request->text);
    if (!allowed) return answer->reply(error_reply(400, {"content_filter", allowed.error().message, "input", {}})), nullptr;
    request->text = *std::move(allowed);
  }
  auto encoder = audio::Encoder::open(request->encoding, audio::spoken_hz);
  if (!encoder) return answer->reply(error_reply(encoder.error())), nullptr;
  auto work = std::make_shared<SpeechWork>(*std::move(request), *std::move(voices), *std::move(encoder), std::move(answer));
  work->next();
  return work;
}

void read_voice(FieldReader& fields, Json const& body, SpeechRequest& request) {
  auto const voice = body.find("voice");
  if (voice != body.end() && voice->is_object() && voice->contains("id") && (*voice)["id"].is_string()) {
    request.voice = (*voice)["id"].get<std::string>();
  } else if (auto name = fields.text("voice", 256)) {
    request.voice = *std::move(name);
  }
  if (is_openai_voice(request.voice)) request.voice.clear();
}

}  // namespace

std::expected<SpeechRequest, ProtocolError> read_speech(std::string_view bytes) {
  Complaint complaint;
  auto const body = parse_json_object(bytes, complaint);
  if (!body) return std::unexpected(not_an_object());
  FieldReader fields(*body, "", complaint);
  SpeechRequest request;
  if (auto model = fields.text("model", 256); model && !model->empty()) request.model = *std::move(model);
  request.text = fields.needed_text("input", longest_spoken_text);
  read_voice(fields, *body, request);
  if (auto const v = fields.number("speed", 0.25, 4)) request.speed = static_cast<float>(*v);
  if (auto const v = fields.choice("response_format", {"mp3", "opus", "flac", "wav", "pcm"})) {
    request.encoding = audio::encoding_named(*v).value_or(request.encoding);
  }
  if (auto const v = fields.choice("stream_format", {"audio", "sse"})) request.events = *v == "sse";
  if (auto const v = fields.text("instructions"); v && !v->empty()) {
    fields.complain("instructions", "unsupported_parameter",
                    "'instructions' is not supported: choose a voice and a speed, or a mix of voices.");
  }
  if (complaint) return std::unexpected(*complaint);
  return request;
}

void add_speech_routes(HttpRoutes& routes, SpeechHooks hooks) {
  routes.add_later("POST", "/v1/audio/speech",
                   [hooks = std::move(hooks)](HttpRequest const& asked, std::shared_ptr<Answer> answer) {
                     return speak(hooks, asked, std::move(answer));
                   },
                   {.needs_key = true, .needs_ready = true});
}

}  // namespace parley::server
