#include "cloud/openai/speech.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audio/pcm16.hpp"
#include "cloud/half_samples.hpp"
#include "cloud/openai/refusal.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::openai {
namespace {

using core::Code;

constexpr std::size_t most_refusal_bytes = 65536;

/// One clause on its way.
struct Clause {
  core::ServiceUse use;
  std::shared_ptr<core::Ledger> ledger;
  speech::Synthesiser::Sink sink;
  net::HttpHead head;
  std::string refused;
  HalfSamples halves;
  std::string beginning;  ///< the first bytes, until it is known what they are
  bool sounded = false, foreign = false;

  void body(std::string_view bytes) {
    if (head.status != 200) {
      refused.append(bytes.substr(0, most_refusal_bytes - std::min(refused.size(), most_refusal_bytes)));
      return;
    }
    if (foreign) return;
    if (!sounded && beginning.size() < 4) {
      beginning.append(bytes);
      if (beginning.size() < 4) return;
      bytes = beginning;
      foreign = is_file(bytes);
      if (foreign) return;
    }
    sound(halves.whole(bytes));
  }
  /// Some servers send a file whatever was asked for; its head would be heard as a crack.
  [[nodiscard]] bool is_file(std::string_view bytes) const {
    return bytes.starts_with("RIFF") || bytes.starts_with("OggS") || bytes.starts_with("ID3") ||
           head.content_type.starts_with("application/json");
  }
  void sound(std::string const& pcm) {
    if (pcm.empty()) return;
    sounded = true;
    sink(speech::SpokenBlock{audio::from_pcm16(pcm), false});
  }
  void end(core::Result<void> const& result) {
    use.log_id = head.log_id;
    if (head.status != 0 && head.status != 200) return fail(refusal(head.status, refused, head.retry_after));
    if (!result) return fail(result.error());
    if (foreign) return fail({Code::internal, "the service sends a file where plain samples (pcm) were asked for", "", {}});
    if (!sounded) return fail({Code::unavailable, "the service made no sound", "", {}});
    if (ledger) ledger->add(use);
    sink(speech::SpokenBlock{{}, true});
  }
  void fail(core::Error error) {
    error = reported(std::move(error), use, ledger);
    if (error.code != Code::cancelled) sink(std::unexpected(std::move(error)));
  }
};

}  // namespace

Speech::Speech(net::Network& network, Options options) : options_(std::move(options)), http_(network) {}

core::Result<void> Speech::check(std::string const& voice) const {
  auto const name = voice.substr(voice.find(':') + 1);
  if (name.empty()) return core::fail(Code::invalid, "a voice has a name", voice);
  return {};
}

core::Job Speech::speak(speech::SpeakRequest request, Sink sink) const {
  auto const clause = std::make_shared<Clause>();
  clause->use.service = options_.service;
  clause->use.product = options_.model;
  clause->use.characters = static_cast<int>(core::count_code_points(request.text));
  clause->ledger = std::move(request.ledger);
  clause->sink = std::move(sink);
  nlohmann::json body{{"model", options_.model},
                      {"input", request.text},
                      {"voice", request.voice.substr(request.voice.find(':') + 1)},
                      {"response_format", "pcm"}};
  if (request.speed != 1.0F) body["speed"] = std::clamp(request.speed, 0.25F, 4.0F);
  if (!options_.style.empty()) body["instructions"] = options_.style;
  net::HttpRequest http;
  http.address = options_.address / "/audio/speech";
  http.headers = {{"Content-Type", "application/json"}};
  if (!options_.key.empty()) http.headers.emplace_back("Authorization", "Bearer " + options_.key.reveal());
  http.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  http.patience = options_.patience;
  return http_.send(std::move(http), {[clause](net::HttpHead const& head) { clause->head = head; },
                                      [clause](std::string_view bytes) { clause->body(bytes); },
                                      [clause](core::Result<void> const& result) { clause->end(result); }});
}

}  // namespace parley::cloud::openai
