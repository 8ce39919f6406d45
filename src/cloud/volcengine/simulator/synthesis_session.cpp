#include <nlohmann/json.hpp>

#include "audio/pcm16.hpp"
#include "audio/resample.hpp"
#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/dialect.hpp"
#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/simulator/session.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

using nlohmann::json;

constexpr std::size_t most_text_bytes = 10'000;
constexpr std::size_t odd_cut = 4801;  // sound is cut in the middle of samples now and then, as a network may

class SynthesisSession final : public Session, public std::enable_shared_from_this<SynthesisSession> {
 public:
  SynthesisSession(std::shared_ptr<SimulatorState> state, Peer& peer, Dialect dialect)
      : state_(std::move(state)), peer_(peer), dialect_(dialect) {}

  void take(std::string_view bytes, bool) override {
    ++messages_;
    auto const frame = decode(bytes);
    if (!frame || (!frame->event && dialect_ == Dialect::bidirection)) {
      return fail(45000000, "unable to decode V1 protocol message");
    }
    auto const body = json::parse(frame->payload, nullptr, false);
    if (!frame->event) return dialect_ == Dialect::v1 ? start_v1(body) : start_whole(body);
    if (dialect_ != Dialect::bidirection && *frame->event != event::finish_connection) {
      return fail(55000000, "unexpected event");  // as recorded of event 1 on the unidirectional service
    }
    auto const id = frame->id.value_or("");
    switch (*frame->event) {
      case event::start_connection: send(event::connection_started, "simulated", json::object()); return watch_idle();
      case event::finish_connection: send(event::connection_finished, "simulated", json::object()); return peer_.close();
      case event::start_session: return start(id, body);
      case event::task_request:
        if (id != id_) return fail(45000000, "no such session");
        if (body.is_object()) text_ += body.value("req_params", json::object()).value("text", "");
        if (text_.size() > most_text_bytes) return fail(40402003, "TTSExceededTextLimit");
        return;
      case event::finish_session:
        if (id == id_) speak();
        return;
      case event::cancel_session:
        if (id != id_ || finishing_) return;
        send(event::session_canceled, id_, {{"status_code", 20000000}, {"message", "ok"}});
        return over();
      default: return fail(45000000, "unexpected event");
    }
  }

 private:
  /// Everything in one frame; the number of the session is our own.
  void start_whole(json const& body) {
    if (!id_.empty()) return fail(45000000, "the session before is not finished");
    auto const params = body.is_object() ? body.value("req_params", json::object()) : json::object();
    text_ = params.value("text", "");
    start(uuid(), body);
    if (!id_.empty()) speak();
  }

  void start_v1(json const& body) {
    if (!id_.empty()) return fail(3001, "one request a connection");
    auto const part = [&](char const* name) { return body.is_object() ? body.value(name, json::object()) : json::object(); };
    if (part("app").value("appid", "").empty() || part("request").value("operation", "") != "submit") {
      return fail(3001, "invalid request");
    }
    if (part("audio").value("voice_type", "").empty()) return fail(3050, "no such voice");
    text_ = part("request").value("text", "");
    if (text_.size() > 1024) return fail(3010, "text too long");
    fault_ = state_->next(Product::synthesis);
    if (fault_.kind == Fault::Kind::session_failed) return fail(3031, "injected");
    rate_ = part("audio").value("rate", 24000);
    speed_ = part("audio").value("speed_ratio", 1.0F);
    id_ = part("request").value("reqid", "");
    if (id_.empty()) return fail(3001, "reqid is required");
    Frame acknowledgement;
    acknowledgement.type = MessageType::audio_response;
    acknowledgement.serialization = Serialization::raw;
    peer_.send(acknowledgement);
    speak();
  }

  void start(std::string const& id, json const& body) {
    if (id.empty()) return fail(45000000, "unable to decode V1 protocol message: session ID length is zero");
    if (!id_.empty()) return fail(45000000, "the session before is not finished");
    auto const params = body.is_object() ? body.value("req_params", json::object()) : json::object();
    auto const speaker = params.value("speaker", "");
    if (speaker.empty()) return failed(id, 45000001, "speaker not found");
    fault_ = state_->next(Product::synthesis);
    auto const audio = params.value("audio_params", json::object());
    rate_ = audio.value("sample_rate", 24000);
    speed_ = 1.0F + static_cast<float>(audio.value("speech_rate", 0)) / 100.0F;
    if (audio.value("format", "mp3") != "pcm") return failed(id, 45000001, "only pcm here");
    id_ = id;
    if (fault_.kind == Fault::Kind::session_failed) return failed(id, fault_.code, "injected");
    if (dialect_ == Dialect::bidirection) send(event::session_started, id_, json::object());
  }

  void speak() {
    finishing_ = true;
    if (text_.empty()) return failed(id_, 45000001, "empty text");
    bool const chinese = core::guess_language(text_) == "zh";
    speech::SpeakRequest request;
    request.text = text_;
    request.language = chinese ? "zh" : "en";
    request.voice = chinese ? state_->options.zh_voice : state_->options.en_voice;
    request.speed = speed_;
    if (dialect_ != Dialect::v1) send(event::tts_sentence_start, id_, {{"text", text_}});
    auto const post = peer_.poster();
    peer_.after(state_->options.first_sound, [this, self = shared_from_this(), request = std::move(request), post, id = id_] {
      if (id != id_) return;
      job_ = state_->options.synthesiser->speak(request, [post, weak = weak_from_this(), id](auto block) {
        post([weak, id, block = std::move(block)] {
          if (auto const alive = weak.lock(); alive && alive->id_ == id) alive->sound(block);
        });
      });
    });
  }

  void sound(core::Result<speech::SpokenBlock> const& block) {
    if (!block) return failed(id_, 55000000, "the engine failed");
    auto const samples = rate_ == audio::spoken_hz ? block->samples : audio::resample(block->samples, audio::spoken_hz, rate_);
    auto const pcm = audio::to_pcm16(samples);
    for (std::size_t at = 0; at < pcm.size(); at += odd_cut) {
      auto const frame = sound_frame(pcm.substr(at, odd_cut), false);
      if (fault_.kind != Fault::Kind::none && peer_.spoil(fault_, frame)) return over();
      peer_.send(frame);
      if (fault_.kind == Fault::Kind::reset_midway) return peer_.cut();
    }
    if (!block->last) return;
    if (dialect_ == Dialect::v1) {
      peer_.send(sound_frame({}, true));
      return peer_.close();
    }
    send(event::tts_sentence_end, id_, {{"text", text_}});
    send(event::session_finished, id_, {{"status_code", 20000000}, {"message", "ok"}});
    over();
  }

  Frame sound_frame(std::string pcm, bool last) {
    Frame frame;
    frame.type = MessageType::audio_response;
    frame.serialization = Serialization::raw;
    frame.payload = std::move(pcm);
    if (dialect_ == Dialect::v1) {
      ++sequence_;
      frame.sequence = last ? -sequence_ : sequence_;
      frame.last = last;
    } else {
      frame.event = event::tts_response;
      frame.id = id_;
    }
    return frame;
  }

  void over() {
    job_ = {};
    id_.clear();
    text_.clear();
    finishing_ = false;
    watch_idle();
  }

  void failed(std::string const& id, std::uint32_t code, std::string const& message) {
    if (dialect_ == Dialect::v1) return fail(code == 45000001 ? 3011 : 3031, message);
    send(event::session_failed, id, {{"status_code", code}, {"message", message}});
    over();
  }

  void fail(std::uint32_t code, std::string const& message) {
    peer_.send(error_frame(code, message));
    peer_.close();
  }

  /// Every event carries an id and a payload, as recorded.
  void send(std::int32_t number, std::string const& id, json const& body) {
    Frame frame;
    frame.type = MessageType::full_response;
    frame.event = number;
    frame.id = id;
    frame.payload = body.dump(-1, ' ', false, json::error_handler_t::replace);
    peer_.send(frame);
  }

  void watch_idle() {
    peer_.after(state_->options.idle_timeout, [this, weak = weak_from_this(), seen = messages_] {
      auto const self = weak.lock();
      if (self && messages_ == seen && id_.empty()) peer_.close();
    });
  }

  std::shared_ptr<SimulatorState> state_;
  Peer& peer_;
  Dialect dialect_;
  std::string id_, text_;
  Fault fault_;
  core::Job job_;
  int rate_ = audio::spoken_hz;
  float speed_ = 1.0F;
  bool finishing_ = false;
  int sequence_ = 0;  ///< v1
  std::uint64_t messages_ = 0;
};

}  // namespace

std::shared_ptr<Session> synthesis_session(std::shared_ptr<SimulatorState> state, Peer& peer, std::string const& path) {
  return std::make_shared<SynthesisSession>(std::move(state), peer, dialect_of(path));
}

}  // namespace parley::cloud::volcengine
