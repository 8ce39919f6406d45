#include <algorithm>
#include <nlohmann/json.hpp>

#include "audio/pcm16.hpp"
#include "cloud/volcengine/simulator/session.hpp"
#include "core/log.hpp"

namespace parley::cloud::volcengine {
namespace {

using nlohmann::json;

constexpr int settled_behind_ms = 850;  // how long after the last word a definite utterance ends, as recorded

class RecognitionSession final : public Session, public std::enable_shared_from_this<RecognitionSession> {
 public:
  RecognitionSession(std::shared_ptr<SimulatorState> state, Peer& peer, Fault fault, bool two_pass, bool interim)
      : state_(std::move(state)), peer_(peer), fault_(fault), two_pass_(two_pass), interim_(interim) {}

  void take(std::string_view bytes, bool) override {
    ++packets_;
    watch();
    auto frame = decode(bytes);
    if (!frame) return fail(45000001, "cannot decode the frame: " + frame.error().message);
    if (frame->type == MessageType::full_request) return begin(*frame);
    if (frame->type == MessageType::audio_request) return hear(*frame);
    fail(45000001, "unexpected message type");
  }

 private:
  void begin(Frame const& frame) {
    if (engine_) return fail(45000001, "duplicate request");
    auto const body = json::parse(frame.payload, nullptr, false);
    auto const request = body.is_object() ? body.value("request", json()) : json();
    if (!request.is_object() || request.value("model_name", "") != "bigmodel") return fail(45000001, "model_name is required");
    if (request.contains("enable_nonstream") && !two_pass_) two_pass_ = false;
    single_ = request.value("result_type", "full") == "single";
    auto const audio = body.value("audio", json::object());
    if (audio.value("format", "pcm") != "pcm") return fail(45000151, "only pcm here");
    packed_ = frame.compression == Compression::gzip && state_->options.gzip_replies;
    speech::RecogniserOptions options;
    auto const post = peer_.poster();
    engine_ = state_->options.recogniser->open(std::move(options),
                                               [post, weak = weak_from_this()](core::Result<speech::Transcript> result) {
                                                 post([weak, result = std::move(result)] {
                                                   if (auto const self = weak.lock()) self->heard(result);
                                                 });
                                               });
    reply({{"result", {{"additions", {{"log_id", "simulated"}}}}}}, false);
  }

  void hear(Frame const& frame) {
    if (!engine_ || last_) return fail(45000001, "audio before the request, or after the last packet");
    auto const samples = audio::from_pcm16(frame.payload);
    samples_ += samples.size();
    engine_->push(samples);
    if (frame.last) {
      last_ = true;
      ++packets_;  // no more time-outs
      if (samples_ == 0) return fail(45000002, "empty audio");
      engine_->transcribe(final_revision, core::Urgency::final_transcript);
    } else if (interim_ && interim_due(state_->options, samples_ - asked_at_)) {
      asked_at_ = samples_;
      engine_->transcribe(1, core::Urgency::partial);
    }
  }

  void heard(core::Result<speech::Transcript> const& result) {
    if (!result) return fail(55000001, "the engine failed");
    if (result->revision != final_revision) {
      if (!result->text.empty()) reply(body_of(result->text, false), false);
      return;
    }
    peer_.after(state_->options.asr_final, [this, self = shared_from_this(), text = result->text] {
      reply(body_of(text, true), true);
      peer_.close();
    });
  }

  /// Zero and empty values are left out, as recorded.
  json body_of(std::string const& text, bool definite) const {
    int const duration = static_cast<int>(samples_ / 16);
    json result{{"additions", json::object()}};
    if (!text.empty()) {
      json additions{{"source", definite && two_pass_ ? "two_pass" : "stream"}};
      if (definite && two_pass_) additions["invoke_type"] = "hard_vad";
      json utterance{{"additions", std::move(additions)},
                     {"definite", definite},
                     {"end_time", definite ? duration + settled_behind_ms : duration},
                     {"text", text}};
      result["text"] = text;
      result["utterances"] = json::array({std::move(utterance)});
    }
    json body{{"result", std::move(result)}};
    if (duration != 0) body["audio_info"] = {{"duration", duration}};
    return body;
  }

  void reply(json const& body, bool last) {
    Frame frame;
    frame.type = MessageType::full_response;
    frame.compression = packed_ ? Compression::gzip : Compression::none;
    frame.last = last;
    ++sequence_;
    frame.sequence = last && !state_->options.positive_last_sequence ? -sequence_ : sequence_;
    frame.payload = body.dump(-1, ' ', false, json::error_handler_t::replace);
    bool const first_result = sequence_ > 1;
    if (first_result && fault_.kind != Fault::Kind::none && peer_.spoil(fault_, frame)) return;
    peer_.send(frame);
  }

  void fail(std::uint32_t code, std::string const& message) {
    peer_.send(error_frame(code, message));
    peer_.close();
  }

  void watch() {
    peer_.after(state_->options.packet_timeout, [this, weak = weak_from_this(), seen = packets_] {
      auto const self = weak.lock();
      if (!self || packets_ != seen) return;
      fail(45000081, "[Timeout waiting next packet] waiting next packet timeout: 8.000000 seconds, session has ended");
    });
  }

  static constexpr std::uint64_t final_revision = 2;
  std::shared_ptr<SimulatorState> state_;
  Peer& peer_;
  Fault fault_;
  bool two_pass_, interim_, single_ = false, packed_ = false, last_ = false;
  std::unique_ptr<speech::UtteranceRecogniser> engine_;
  std::size_t samples_ = 0, asked_at_ = 0;
  std::uint64_t packets_ = 0;
  int sequence_ = 0;
};

}  // namespace

std::shared_ptr<Session> recognition_session(std::shared_ptr<SimulatorState> state, Peer& peer, Fault fault,
                                             std::string const& path) {
  bool const interim = !path.ends_with("_nostream");
  return std::make_shared<RecognitionSession>(std::move(state), peer, fault, path.ends_with("_async"), interim);
}

}  // namespace parley::cloud::volcengine
