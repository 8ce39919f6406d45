// The realtime dialogue on top of a recogniser, a model and a synthesiser: turns that the client ends (push_to_talk), written
// questions, given texts, interruptions and corrected answers.
#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "audio/level.hpp"
#include "audio/pcm16.hpp"
#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/simulator/session.hpp"
#include "core/utf8.hpp"
#include "speech/clause_cutter.hpp"

namespace parley::cloud::volcengine {
namespace {

using language::Speaker;
using nlohmann::json;

constexpr std::size_t odd_cut = 4801;  // sound is cut in the middle of samples now and then
constexpr float voice_db = -45;
constexpr speech::ClauseLengths whole_sentences{1000, 1000, 1000,
                                                1,    1000, 1000};  // the service cuts otherwise than its clients

class DialogueSession final : public Session, public std::enable_shared_from_this<DialogueSession> {
 public:
  DialogueSession(std::shared_ptr<SimulatorState> state, Peer& peer) : state_(std::move(state)), peer_(peer) {}

  void take(std::string_view bytes, bool) override {
    ++messages_;
    watch_idle();
    auto const frame = decode(bytes);
    if (!frame || !frame->event) return fail(45000000, "unable to decode V1 protocol message");
    auto const id = frame->id.value_or("");
    switch (*frame->event) {
      case event::start_connection: return send(event::connection_started, "simulated", json::object());
      case event::finish_connection: send(event::connection_finished, "simulated", json::object()); return peer_.close();
      case event::task_request: return id == id_ && !id_.empty() ? hear(*frame) : fail(45000000, "no such session");
      default: break;
    }
    auto const body = json::parse(frame->payload, nullptr, false);
    if (!body.is_object()) return fail(45000000, "the payload is no JSON object");
    if (*frame->event == event::start_session) return start(id, body);
    if (id != id_ || id_.empty()) return fail(45000000, "no such session");
    told(*frame->event, body);
  }

 private:
  void told(std::int32_t number, json const& body) {
    switch (number) {
      case event::finish_session:
        stop();
        send(event::session_finished, id_, json::object());
        engine_.reset();
        id_.clear();
        return;
      case event::update_config: instruct(body); return send(event::config_updated, id_, json::object());
      case event::say_hello: return say(body.value("content", ""), "default");
      case event::chat_tts_text: return say(body.value("content", ""), "chat_tts_text");
      case event::chat_text_query:
        begin_turn();
        send(event::chat_text_query_confirmed, id_, {{"question_id", question_}});
        return answer(body.value("content", ""));
      case event::end_asr:
        if (!engine_) return fail(45000002, "empty audio");
        return engine_->transcribe(final_revision, core::Urgency::final_transcript);
      case event::client_interrupt: return stop();
      case event::conversation_update: return update(body);
      default: return fail(45000000, "unexpected event");
    }
  }

  void start(std::string const& id, json const& body) {
    if (id.empty()) return fail(45000000, "unable to decode V1 protocol message: session ID length is zero");
    if (!id_.empty()) return fail(45000000, "the session before is not finished");
    for (auto const* part : {"asr", "tts"}) {
      auto const at = body.find(part);
      if (at != body.end() && (!at->is_object() || at->value("extra", json()).is_null())) {
        return send(event::session_failed, id, {{"error", "extra is null"}, {"status_code", 42000020}});
      }
    }
    auto const dialog = body.value("dialog", json::object());
    auto const format = body.value("tts", json::object()).value("audio_config", json::object()).value("format", "ogg_opus");
    if (dialog.value("extra", json::object()).value("input_mod", "") != "push_to_talk" || format != "pcm_s16le") {
      return send(event::session_failed, id, {{"error", "only push_to_talk and pcm_s16le here"}, {"status_code", 42000020}});
    }
    id_ = id;
    history_.clear();
    history_.push_back({Speaker::system, ""});
    instruct(body);
    for (auto const& item : dialog.value("dialog_context", json::array())) {
      history_.push_back({item.value("role", "") == "user" ? Speaker::user : Speaker::assistant, item.value("text", "")});
    }
    send(event::session_started, id_, {{"dialog_id", uuid()}});
  }

  void instruct(json const& body) {
    auto const dialog = body.value("dialog", json::object());
    history_[0].text = dialog.value("system_role", dialog.value("character_manifest", ""));
  }

  // ---- the turn
  // ---------------------------------------------------------------------------------------------------------------

  /// A new number for everything that follows; whatever was being answered or spoken is over.
  void begin_turn() {
    stop();
    question_ = "q" + std::to_string(++turns_);
    reply_ = "r" + std::to_string(turns_);
    fault_ = state_->next(Product::dialogue);
    stopped_ = false;
  }

  void hear(Frame const& frame) {
    if (frame.payload.empty()) return fail(45000002, "empty audio");
    auto const samples = audio::from_pcm16(frame.payload);
    if (!engine_) {
      auto const post = peer_.poster();
      engine_ = state_->options.recogniser->open({}, [post, weak = weak_from_this()](core::Result<speech::Transcript> result) {
        post([weak, result = std::move(result)] {
          if (auto const self = weak.lock()) self->heard(result);
        });
      });
      samples_ = asked_at_ = 0;
      voice_ = false;
    }
    engine_->push(samples);
    samples_ += samples.size();
    if (!voice_ && audio::level_db(samples) > voice_db) {
      voice_ = true;
      begin_turn();
      send(event::asr_info, id_, {{"question_id", question_}});
    }
    if (voice_ && interim_due(state_->options, samples_ - asked_at_)) {
      asked_at_ = samples_;
      engine_->transcribe(1, core::Urgency::partial);
    }
  }

  void heard(core::Result<speech::Transcript> const& result) {
    if (!engine_) return;
    if (!result) return fail(55000001, "the engine failed");
    if (result->revision != final_revision) {
      if (!result->text.empty()) send(event::asr_response, id_, words(result->text, true));
      return;
    }
    engine_.reset();
    auto const text = voice_ ? result->text : std::string();
    if (!voice_) begin_turn();
    peer_.after(state_->options.asr_final, [this, self = shared_from_this(), text, turn = turns_] {
      if (turn != turns_) return;
      if (!text.empty() && spoiled(event::asr_response, words(text, false))) return;
      send(event::asr_ended, id_, json::object());
      if (!text.empty()) answer(text);
    });
  }

  static json words(std::string const& text, bool interim) {
    return {{"results", json::array({{{"text", text}, {"is_interim", interim}}})}};
  }

  void answer(std::string const& asked) {
    history_.push_back({Speaker::user, asked});
    history_.push_back({Speaker::assistant, ""});
    replies_.emplace_back(reply_, history_.size() - 1);
    auto const post = peer_.poster();
    peer_.after(state_->options.first_token, [this, self = shared_from_this(), post, turn = turns_] {
      if (turn != turns_ || stopped_) return;
      language::GenerateRequest request;
      request.messages.assign(history_.begin(), history_.end() - 1);
      thinking_ =
          state_->options.model->generate(std::move(request), [post, weak = weak_from_this(), turn](language::Piece piece) {
            post([weak, turn, piece = std::move(piece)] {
              if (auto const alive = weak.lock(); alive && alive->turns_ == turn && !alive->stopped_) alive->wrote(piece);
            });
          });
    });
  }

  json numbers() const { return {{"question_id", question_}, {"reply_id", reply_}}; }

  void wrote(language::Piece const& piece) {
    if (std::holds_alternative<core::Error>(piece)) return fail(52000022, "AudioChatError");
    if (auto const* delta = std::get_if<language::Delta>(&piece)) {
      history_.back().text += delta->text;
      auto body = numbers();
      body["content"] = delta->text;
      if (spoiled(event::chat_response, body)) return;
      for (auto& sentence : cutter_.push(delta->text)) sentences_.push_back(std::move(sentence));
      return speak();
    }
    if (auto const* finish = std::get_if<language::Finish>(&piece)) {
      for (auto& sentence : cutter_.finish()) sentences_.push_back(std::move(sentence));
      written_ = true;
      send(event::chat_ended, id_, numbers());
      send(event::usage_response, id_,
           {{"usage",
             {{"input_text_tokens", finish->usage.prompt_tokens}, {"output_text_tokens", finish->usage.completion_tokens}}}});
      speak();
    }
  }

  // ---- sound
  // ------------------------------------------------------------------------------------------------------------------

  void say(std::string const& text, char const* kind) {
    if (text.empty()) return fail(45000001, "empty text");
    begin_turn();
    kind_ = kind;
    sentences_ = {text};
    written_ = true;
    speak();
  }

  void speak() {
    if (speaking_now_) return;
    if (sentences_.empty()) {
      if (!written_) return;
      stopped_ = true;
      return send(event::tts_ended, id_, numbers());
    }
    speaking_now_ = true;
    speech::SpeakRequest request;
    request.text = std::move(sentences_.front());
    sentences_.pop_front();
    bool const chinese = core::guess_language(request.text) == "zh";
    request.language = chinese ? "zh" : "en";
    request.voice = chinese ? state_->options.zh_voice : state_->options.en_voice;
    auto body = numbers();
    body["tts_type"] = kind_;
    body["text"] = request.text;
    auto const post = peer_.poster();
    auto const pause = std::exchange(sounded_, true) ? std::chrono::milliseconds(0) : state_->options.first_sound;
    peer_.after(pause, [this, self = shared_from_this(), request, body, post, turn = turns_] {
      if (turn != turns_ || stopped_) return;
      if (spoiled(event::tts_sentence_start, body)) return;
      speaking_ = state_->options.synthesiser->speak(request, [post, weak = weak_from_this(), turn](auto block) {
        post([weak, turn, block = std::move(block)] {
          if (auto const alive = weak.lock(); alive && alive->turns_ == turn && !alive->stopped_) alive->sound(block);
        });
      });
    });
  }

  void sound(core::Result<speech::SpokenBlock> const& block) {
    if (!block) return fail(55000001, "the engine failed");
    auto const pcm = audio::to_pcm16(block->samples);
    for (std::size_t at = 0; at < pcm.size(); at += odd_cut) {
      Frame frame;
      frame.type = MessageType::audio_response;
      frame.serialization = Serialization::raw;
      frame.event = event::tts_response;
      frame.id = id_;
      frame.payload = pcm.substr(at, odd_cut);
      peer_.send(frame);
      if (fault_.kind == Fault::Kind::reset_midway) return peer_.cut();
    }
    if (!block->last) return;
    send(event::tts_sentence_end, id_, numbers());
    speaking_now_ = false;
    speak();
  }

  void stop() {
    stopped_ = true;
    thinking_ = {};
    speaking_ = {};
    sentences_.clear();
    cutter_ = speech::ClauseCutter(whole_sentences);
    kind_ = "default";
    speaking_now_ = written_ = sounded_ = false;
  }

  void update(json const& body) {
    std::string missing;
    for (auto const& item : body.value("items", json::array())) {
      auto const id = item.value("item_id", "");
      auto const at = std::ranges::find(replies_, id, &std::pair<std::string, std::size_t>::first);
      if (at == replies_.end()) {
        missing += (missing.empty() ? "" : ",") + id;
      } else if (at->second < history_.size()) {
        history_[at->second].text = item.value("text", "");
      }
    }
    auto const said = missing.empty() ? json::object() : json{{"message", "the following item ids are missing: " + missing}};
    send(event::conversation_updated, id_, said);
  }

  // ---- the wire
  // ---------------------------------------------------------------------------------------------------------------

  /// Sends the event, or does in its place what is to go wrong with this turn.
  bool spoiled(std::int32_t number, json const& body) {
    using Kind = Fault::Kind;
    auto const frame = frame_of(number, id_, body);
    auto const fault = fault_;
    if (fault.kind != Kind::reset_midway) fault_ = {};
    if (fault.kind == Kind::session_failed) {
      send(event::session_failed, id_, {{"error", "injected"}, {"status_code", fault.code}});
      id_.clear();
      return true;
    }
    if (fault.kind == Kind::refuse) {
      stop();
      send(event::dialog_common_error, id_, {{"status_code", std::to_string(fault.code)}, {"message", "injected"}});
      return true;
    }
    if (fault.kind == Kind::stall) stop();
    if (peer_.spoil(fault, frame)) return true;
    peer_.send(frame);
    return false;
  }

  static Frame frame_of(std::int32_t number, std::string const& id, json const& body) {
    Frame frame;
    frame.type = MessageType::full_response;
    frame.event = number;
    frame.id = id;
    frame.payload = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return frame;
  }
  void send(std::int32_t number, std::string const& id, json const& body) { peer_.send(frame_of(number, id, body)); }

  void fail(std::uint32_t code, std::string const& message) {
    peer_.send(error_frame(code, message));
    peer_.close();
  }

  void watch_idle() {
    peer_.after(state_->options.idle_timeout, [this, weak = weak_from_this(), seen = messages_] {
      auto const self = weak.lock();
      if (self && messages_ == seen) fail(52000042, "DialogAudioIdleTimeoutError");
    });
  }

  static constexpr std::uint64_t final_revision = 2;
  std::shared_ptr<SimulatorState> state_;
  Peer& peer_;
  std::string id_, question_, reply_;
  std::vector<language::Message> history_;
  std::vector<std::pair<std::string, std::size_t>> replies_;  // number → where it stands in the history
  Fault fault_;
  std::unique_ptr<speech::UtteranceRecogniser> engine_;
  std::size_t samples_ = 0, asked_at_ = 0;
  bool voice_ = false;
  core::Job thinking_, speaking_;
  speech::ClauseCutter cutter_{whole_sentences};
  std::deque<std::string> sentences_;
  std::string kind_ = "default";
  bool stopped_ = true, speaking_now_ = false, written_ = false, sounded_ = false;
  int turns_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace

std::shared_ptr<Session> dialogue_session(std::shared_ptr<SimulatorState> state, Peer& peer) {
  return std::make_shared<DialogueSession>(std::move(state), peer);
}

}  // namespace parley::cloud::volcengine
