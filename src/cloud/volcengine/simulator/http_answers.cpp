#include "cloud/volcengine/simulator/http_answers.hpp"

#include <openssl/evp.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <nlohmann/json.hpp>

#include "audio/file.hpp"
#include "audio/pcm16.hpp"
#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/dialect.hpp"
#include "cloud/volcengine/simulator/chat_answer.hpp"
#include "core/event_stream.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using nlohmann::json;

Response answer(Request const& request, int status, std::string body) {
  Response response(static_cast<http::status>(status), request.version());
  response.set(http::field::content_type, "application/json");
  response.set("X-Tt-Logid", "simulated-refusal");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

std::uint32_t refusal(SimulatorState const& state, Request const& request, Fault const& fault) {
  if (fault.kind == Fault::Kind::refuse) return fault.code;
  std::string const api_key(request["X-Api-Key"]);
  std::string token(request["X-Api-Access-Key"]);
  bool const first_version = request.target().starts_with("/api/v1/");
  if (std::string const bearer(request[http::field::authorization]); first_version && bearer.starts_with("Bearer;")) {
    token = bearer.substr(7);
  }
  if (!api_key.empty() && !token.empty()) return 45000010;
  auto const& given = api_key.empty() ? token : api_key;
  if (given.empty() || (!state.options.key.empty() && given != state.options.key)) return 45000010;
  if (!first_version && request["X-Api-Resource-Id"].empty()) return 45000030;
  return 0;
}

int status_of(std::uint32_t code) { return code == 45000010 ? 401 : code == 45000030 ? 403 : 500; }

std::string refusal_body(std::uint32_t code) {
  return R"({"header":{"reqid":"simulated","code":)" + std::to_string(code) + R"(,"message":"refused"}})";
}

namespace {

using Kind = Fault::Kind;
using Shared = std::shared_ptr<SimulatorState>;

/// What an engine's thread has to tell, to the connection's coroutine.
template <class T>
class Inbox {
 public:
  explicit Inbox(asio::any_io_executor const& executor) : executor_(executor), news_(executor) {}
  static auto sink(std::shared_ptr<Inbox> const& inbox) {
    return [inbox](T value) {
      asio::post(inbox->executor_, [inbox, value = std::move(value)]() mutable {
        inbox->waiting_.push_back(std::move(value));
        inbox->news_.cancel();
      });
    };
  }
  asio::awaitable<T> next() {
    while (waiting_.empty()) {
      beast::error_code woken;
      news_.expires_at(asio::steady_timer::time_point::max());
      co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    auto value = std::move(waiting_.front());
    waiting_.pop_front();
    co_return value;
  }

 private:
  asio::any_io_executor executor_;
  asio::steady_timer news_;
  std::deque<T> waiting_;
};

asio::awaitable<void> sleep(beast::tcp_stream& stream, std::chrono::milliseconds time) {
  if (time.count() == 0) co_return;
  beast::error_code ignored;
  asio::steady_timer pause(stream.get_executor(), time);
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<bool> whole(beast::tcp_stream& stream, Response response) {
  beast::error_code error;
  co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && response.keep_alive();
}

asio::awaitable<bool> bad_request(beast::tcp_stream& stream, Request const& request, std::string what) {
  auto response = answer(request, 400, chat_error("InvalidParameter", what));
  co_return co_await whole(stream, std::move(response));
}

/// A body that is sent as it is made.
class Chunks {
 public:
  explicit Chunks(beast::tcp_stream& stream) : stream_(stream) {}
  asio::awaitable<bool> begin(Request const& request, char const* type) {
    beast::error_code error;
    http::response<http::empty_body> head(http::status::ok, 11);
    head.set(http::field::content_type, type);
    head.set("X-Request-Id", "simulated-" + uuid().substr(0, 8));
    head.chunked(true);
    head.keep_alive(request.keep_alive());
    http::response_serializer<http::empty_body> serializer(head);
    co_await http::async_write_header(stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  asio::awaitable<bool> send(std::string text) {
    if (text.empty()) co_return true;
    beast::error_code error;
    co_await asio::async_write(stream_, http::make_chunk(asio::buffer(text)), asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  asio::awaitable<bool> end() {
    beast::error_code error;
    co_await asio::async_write(stream_, http::make_chunk_last(), asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  /// Does what the fault says in place of the `sent`th piece; true: the connection is over.
  asio::awaitable<bool> spoilt(Fault const& fault, int sent) {
    if (fault.kind == Kind::reset || (fault.kind == Kind::reset_midway && sent == 3)) {
      stream_.close();
      co_return true;
    }
    if (fault.kind == Kind::stall) co_await sleep(stream_, std::chrono::hours(1));
    co_return false;
  }

 private:
  beast::tcp_stream& stream_;
};

// g++ 12 destroys what is awaited twice when it stands behind && or in a condition with other parts: every co_await of this
// file is a statement of its own.
asio::awaitable<bool> last(Chunks& chunks, Request const& request, std::string text) {
  bool const sent = co_await chunks.send(std::move(text));
  if (!sent) co_return false;
  bool const ended = co_await chunks.end();
  co_return ended&& request.keep_alive();
}

asio::awaitable<bool> stream_answer(Shared state, beast::tcp_stream& stream, Request const& request, ChatWish wish,
                                    Fault fault) {
  Chunks chunks(stream);
  bool const begun = co_await chunks.begin(request, "text/event-stream; charset=utf-8");
  if (!begun) co_return false;
  co_await sleep(stream, state->options.first_token);
  auto const pieces = std::make_shared<Inbox<language::Piece>>(stream.get_executor());
  auto const job = state->options.model->generate(std::move(wish.request), Inbox<language::Piece>::sink(pieces));
  bool over = false;
  for (int sent = 0; !over; ++sent) {
    auto const piece = co_await pieces->next();
    std::string text;
    if (auto const* delta = std::get_if<language::Delta>(&piece)) {
      text = chat_delta(wish.model, delta->text);
    } else if (auto const* finish = std::get_if<language::Finish>(&piece)) {
      text = chat_finish(wish, *finish);
      over = true;
    } else {
      text = core::sse_event(chat_error("InternalServiceError", "the engine failed"));
      over = true;
    }
    bool const spoilt = co_await chunks.spoilt(fault, sent);
    if (spoilt) co_return false;
    if (fault.kind == Kind::error_frame || fault.kind == Kind::half_frame) {
      text = fault.kind == Kind::half_frame
                 ? core::sse_event(R"({"choices":[{)")
                 : core::sse_event(chat_error(chat_code_of(static_cast<int>(fault.code)), "injected"));
      over = true;
    }
    bool const went = co_await chunks.send(std::move(text));
    if (!went) co_return false;
  }
  bool const ended = co_await chunks.end();
  co_return ended&& request.keep_alive();
}

/// Ark's and OpenAI's services: a key, and what may go wrong with it.
int refused(SimulatorState const& state, Request const& request, Fault const& fault) {
  std::string const key(request[http::field::authorization]);
  if (!key.starts_with("Bearer ") || (!state.options.key.empty() && key != "Bearer " + state.options.key)) return 401;
  return fault.kind == Kind::refuse ? static_cast<int>(fault.code) : 0;
}

asio::awaitable<bool> chat(Shared state, beast::tcp_stream& stream, Request const& request, Fault fault) {
  auto wish = read_chat(request.body());
  if (!wish) co_return co_await bad_request(stream, request, wish.error().message);
  co_return co_await stream_answer(std::move(state), stream, request, *std::move(wish), fault);
}

std::string to_base64(std::string const& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto const size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<unsigned char const*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

speech::SpeakRequest speak_request(SimulatorState const& state, std::string text, float speed) {
  bool const chinese = core::guess_language(text) == "zh";
  speech::SpeakRequest request;
  request.text = std::move(text);
  request.language = chinese ? "zh" : "en";
  request.voice = chinese ? state.options.zh_voice : state.options.en_voice;
  request.speed = speed;
  return request;
}

using Block = core::Result<speech::SpokenBlock>;

std::string object_line(bool sse, int event, json const& object) {
  return sse ? core::sse_event(object.dump(), std::to_string(event)) : object.dump() + "\n";
}

std::string failure_line(bool sse, std::uint32_t code, std::string const& message) {
  return object_line(sse, 153, {{"code", code}, {"message", message}, {"data", nullptr}});
}

/// What one block of the engine becomes.
std::string object_lines(bool sse, Block const& block, std::string const& text) {
  if (!block) return failure_line(sse, 55000000, "the engine failed");
  std::string out;
  if (!block->samples.empty()) {
    auto const data = to_base64(audio::to_pcm16(block->samples));
    out += object_line(sse, 352, {{"code", 0}, {"message", ""}, {"data", data}});
  }
  if (!block->last) return out;
  out += object_line(sse, 351, {{"code", 0}, {"message", ""}, {"data", nullptr}, {"sentence", {{"text", text}}}});
  return out + object_line(sse, 152, {{"code", 20000000}, {"message", "OK"}, {"data", nullptr}});
}

/// Volcengine's synthesis over HTTP: objects, glued together and cut anywhere, as sockets deliver them.
asio::awaitable<bool> speak_objects(Shared state, beast::tcp_stream& stream, Request const& request) {
  auto const fault = state->next(Product::synthesis);
  if (auto const code = refusal(*state, request, fault); code != 0) {
    auto response = answer(request, status_of(code), refusal_body(code));
    co_return co_await whole(stream, std::move(response));
  }
  auto const body = json::parse(request.body(), nullptr, false);
  auto const params = body.is_object() ? body.value("req_params", json::object()) : json::object();
  auto const text = params.value("text", "");
  bool const sse = request.target().ends_with("/sse");
  Chunks chunks(stream);
  bool const begun = co_await chunks.begin(request, sse ? "text/event-stream" : "application/json");
  if (!begun) co_return false;
  bool const bad = text.empty() || params.value("speaker", "").empty();
  if (bad || fault.kind == Kind::session_failed || fault.kind == Kind::error_frame) {
    auto line = failure_line(sse, bad ? 45000001 : fault.code, text.empty() ? "empty text" : "speaker not found");
    co_return co_await last(chunks, request, std::move(line));
  }
  co_await sleep(stream, state->options.first_sound);
  auto const rate = params.value("audio_params", json::object()).value("speech_rate", 0);
  auto const blocks = std::make_shared<Inbox<Block>>(stream.get_executor());
  auto const job = state->options.synthesiser->speak(speak_request(*state, text, 1.0F + static_cast<float>(rate) / 100.0F),
                                                     Inbox<Block>::sink(blocks));
  std::string unsent;
  for (int sent = 0;; ++sent) {
    auto const block = co_await blocks->next();
    bool const spoilt = co_await chunks.spoilt(fault, sent);
    if (spoilt) co_return false;
    if (fault.kind == Kind::half_frame) unsent += R"({"code":0,"data":"AA)";
    if (fault.kind == Kind::wrong_compression) unsent += R"({"code" 0}})";
    unsent += object_lines(sse, block, text);
    if (!block || block->last) break;
    auto const cut = unsent.size() * 2 / 3;
    bool const went = co_await chunks.send(unsent.substr(0, cut));
    if (!went) co_return false;
    unsent.erase(0, cut);
  }
  co_return co_await last(chunks, request, std::move(unsent));
}

/// OpenAI's /audio/speech: plain samples in a streamed body.
asio::awaitable<bool> speak_samples(Shared state, beast::tcp_stream& stream, Request const& request, Fault fault) {
  auto const body = json::parse(request.body(), nullptr, false);
  auto const text = body.is_object() ? body.value("input", "") : "";
  if (text.empty() || body.value("model", "").empty() || body.value("voice", "").empty() ||
      body.value("response_format", "mp3") != "pcm") {
    co_return co_await bad_request(stream, request, "model, input and voice are needed; only pcm here");
  }
  co_await sleep(stream, state->options.first_sound);
  Chunks chunks(stream);
  bool const begun = co_await chunks.begin(request, "audio/pcm");
  if (!begun) co_return false;
  auto const blocks = std::make_shared<Inbox<Block>>(stream.get_executor());
  auto const job =
      state->options.synthesiser->speak(speak_request(*state, text, body.value("speed", 1.0F)), Inbox<Block>::sink(blocks));
  constexpr std::size_t odd_cut = 4801;
  for (int sent = 0;; ++sent) {
    auto const block = co_await blocks->next();
    bool const spoilt = co_await chunks.spoilt(fault, sent);
    if (!block || spoilt) {
      stream.close();
      co_return false;
    }
    auto const pcm = audio::to_pcm16(block->samples);
    for (std::size_t at = 0; at < pcm.size(); at += odd_cut) {
      bool const went = co_await chunks.send(pcm.substr(at, odd_cut));
      if (!went) co_return false;
    }
    if (block->last) break;
  }
  bool const ended = co_await chunks.end();
  co_return ended&& request.keep_alive();
}

asio::awaitable<bool> transcribe(Shared state, beast::tcp_stream& stream, Request const& request, Fault fault) {
  auto const& body = request.body();
  auto const at = body.find("RIFF");
  auto const recording = at == std::string::npos || body.find("name=\"model\"") == std::string::npos
                             ? core::fail(core::Code::invalid, "a model and a file are needed")
                             : audio::parse_recording(body.substr(at), "file", audio::heard_hz, 600);
  if (!recording) co_return co_await bad_request(stream, request, "no recording");
  auto const said = std::make_shared<Inbox<core::Result<speech::Transcript>>>(stream.get_executor());
  auto const engine = state->options.recogniser->open({}, Inbox<core::Result<speech::Transcript>>::sink(said));
  engine->push(recording->samples);
  engine->transcribe(1, core::Urgency::final_transcript);
  auto const transcript = co_await said->next();
  co_await sleep(stream, state->options.asr_final);
  Chunks chunks(stream);
  bool const spoilt = co_await chunks.spoilt(fault, fault.kind == Kind::reset_midway ? 3 : 0);
  if (spoilt) co_return false;
  if (!transcript || fault.kind == Kind::error_frame) {
    auto response = answer(request, 500, chat_error("InternalServiceError", "injected"));
    co_return co_await whole(stream, std::move(response));
  }
  auto text = json{{"text", transcript->text}}.dump();
  if (fault.kind == Kind::half_frame) text.resize(text.size() / 2);
  auto response = answer(request, 200, std::move(text));
  co_return co_await whole(stream, std::move(response));
}

/// Counts of characters: near for texts that share them.
json vector_of(std::string const& text) {
  constexpr std::size_t dimensions = 64;
  std::vector<double> out(dimensions, 0.0);
  for (char32_t const c : core::decode_utf8(text)) out[c % dimensions] += 1;
  return out;
}

Response embeddings(Request const& request) {
  auto const body = json::parse(request.body(), nullptr, false);
  auto const input = body.is_object() ? body.value("input", json()) : json();
  if (!input.is_array() || input.empty()) return answer(request, 400, chat_error("InvalidParameter", "input is a list"));
  json reply{{"object", "list"}, {"model", body.value("model", "")}, {"usage", {{"prompt_tokens", 3}, {"total_tokens", 3}}}};
  if (request.target().ends_with("/multimodal")) {
    reply["data"] = {{"object", "embedding"}, {"embedding", vector_of(input[0].value("text", ""))}};
  } else {
    reply["data"] = json::array();
    for (std::size_t i = input.size(); i-- > 0;) {  // in any order: they carry their number
      auto const text = input[i].is_string() ? input[i].get<std::string>() : std::string();
      reply["data"].push_back({{"object", "embedding"}, {"index", i}, {"embedding", vector_of(text)}});
    }
  }
  return answer(request, 200, reply.dump());
}

}  // namespace

asio::awaitable<bool> answer_request(Shared state, beast::tcp_stream& stream, Request const& request) {
  auto const target = request.target();
  bool const post = request.method() == http::verb::post;
  if (post && (target == "/api/v3/tts/unidirectional" || target == "/api/v3/tts/unidirectional/sse")) {
    co_return co_await speak_objects(std::move(state), stream, request);
  }
  auto const product = target == "/api/v3/audio/speech"           ? Product::synthesis
                       : target == "/api/v3/audio/transcriptions" ? Product::recognition
                                                                  : Product::chat;
  bool const embeds = target == "/api/v3/embeddings" || target == "/api/v3/embeddings/multimodal";
  if (!post || (product == Product::chat && !embeds && target != "/api/v3/chat/completions")) {
    auto response = answer(request, 404, "{}");
    co_return co_await whole(stream, std::move(response));
  }
  auto const fault = state->next(product);
  if (auto const status = refused(*state, request, fault); status != 0) {
    auto response = answer(request, status, chat_error(chat_code_of(status), "Request id: simulated"));
    co_return co_await whole(stream, std::move(response));
  }
  if (product == Product::synthesis) co_return co_await speak_samples(std::move(state), stream, request, fault);
  if (product == Product::recognition) co_return co_await transcribe(std::move(state), stream, request, fault);
  if (!embeds) co_return co_await chat(std::move(state), stream, request, fault);
  auto response = embeddings(request);
  co_return co_await whole(stream, std::move(response));
}

}  // namespace parley::cloud::volcengine
