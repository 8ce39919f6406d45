#include "cloud/openai/transcription.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "audio/pcm16.hpp"
#include "cloud/openai/refusal.hpp"
#include "core/ids.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::openai {
namespace {

using core::Code;

constexpr std::size_t bytes_per_ms = 2 * audio::heard_hz / 1000;
constexpr std::size_t most_bytes = 120'000 * bytes_per_ms;  // two minutes without a pause: the rest is not heard
constexpr std::size_t most_answer_bytes = std::size_t{1} << 20U;

void put_little(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
}

}  // namespace

std::string wav_of(std::string_view pcm16) {
  auto const size = static_cast<std::uint32_t>(pcm16.size());
  std::string out = "RIFF";
  put_little(out, 36 + size, 4);
  out += "WAVEfmt ";
  put_little(out, 16, 4);  // of the description
  put_little(out, 1, 2);   // PCM
  put_little(out, 1, 2);   // channel
  put_little(out, audio::heard_hz, 4);
  put_little(out, audio::heard_hz * 2, 4);
  put_little(out, 2, 2);
  put_little(out, 16, 2);
  out += "data";
  put_little(out, size, 4);
  return out.append(pcm16);
}

std::string multipart(TranscriptionForm const& form, std::string_view wav, std::string_view boundary) {
  std::string out;
  auto const field = [&](char const* name, std::string const& value) {
    if (value.empty()) return;
    out += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, name, value);
  };
  field("model", form.model);
  field("language", form.language);
  field("prompt", form.prompt);
  field("response_format", "json");
  out += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sound.wav\"\r\nContent-Type: audio/wav\r\n\r\n",
      boundary);
  out.append(wav);
  return out + fmt::format("\r\n--{}--\r\n", boundary);
}

struct Transcription::Service {
  Service(net::Network& network, Options wanted) : options(std::move(wanted)), http(network) {}
  Options const options;
  net::HttpClient http;
};

namespace {

/// One request for the transcript of everything so far.
struct Asked {
  core::ServiceUse use;
  std::shared_ptr<core::Ledger> ledger;
  std::uint64_t revision = 0;
  speech::Recogniser::Sink sink;
  net::HttpHead head;
  std::string body;

  void end(core::Result<void> const& result) {
    use.log_id = head.log_id;
    if (!result) return fail(result.error());
    if (head.status != 200) return fail(refusal(head.status, body, head.retry_after));
    auto const said = nlohmann::json::parse(body, nullptr, false);
    if (!said.is_object() || !said.contains("text") || !said["text"].is_string()) {
      return fail({Code::unavailable, "the service sends something that is no transcript", "text", {}});
    }
    if (ledger) ledger->add(use);
    auto text = said["text"].get<std::string>();
    text.erase(0, std::min(text.find_first_not_of(" \n"), text.size()));
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
    std::string language(core::guess_language(text));
    sink(speech::Transcript{revision, std::move(text), std::move(language), 0});
  }
  void fail(core::Error error) {
    error = reported(std::move(error), use, ledger);
    if (error.code != Code::cancelled) sink(std::unexpected(std::move(error)));
  }
};

}  // namespace

Transcription::Transcription(net::Network& network, Options options)
    : service_(std::make_shared<Service>(network, std::move(options))) {}
Transcription::~Transcription() = default;

std::unique_ptr<speech::UtteranceRecogniser> Transcription::open(speech::RecogniserOptions options, Sink sink) const {
  class Utterance final : public speech::UtteranceRecogniser {
   public:
    Utterance(std::shared_ptr<Service> service, speech::RecogniserOptions wish, Sink out)
        : service_(std::move(service)), options_(std::move(wish)), sink_(std::move(out)) {}

    void push(std::span<float const> samples) override {
      if (pcm_.size() < most_bytes) pcm_ += audio::to_pcm16(samples);
    }
    /// A look in between would be paid for like the whole: it stays without an answer.
    void transcribe(std::uint64_t revision, core::Urgency urgency) override {
      if (urgency == core::Urgency::partial) return;
      auto const& wanted = service_->options;
      auto const asked = std::make_shared<Asked>();
      asked->use.service = wanted.service;
      asked->use.product = wanted.model;
      asked->use.heard = std::chrono::milliseconds(pcm_.size() / bytes_per_ms);
      asked->ledger = options_.ledger;
      asked->revision = revision;
      asked->sink = sink_;
      auto const boundary = core::random_id("parley-");
      net::HttpRequest http;
      http.address = wanted.address / "/audio/transcriptions";
      http.headers = {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
      if (!wanted.key.empty()) http.headers.emplace_back("Authorization", "Bearer " + wanted.key.reveal());
      http.body = multipart({wanted.model, options_.language, options_.prompt}, wav_of(pcm_), boundary);
      http.patience = wanted.patience;
      // A newer request replaces an older one.
      job_ = service_->http.send(std::move(http), {[asked](net::HttpHead const& head) { asked->head = head; },
                                                   [asked](std::string_view bytes) {
                                                     auto const room =
                                                         most_answer_bytes - std::min(asked->body.size(), most_answer_bytes);
                                                     asked->body.append(bytes.substr(0, room));
                                                   },
                                                   [asked](core::Result<void> const& result) { asked->end(result); }});
    }

   private:
    std::shared_ptr<Service> service_;
    speech::RecogniserOptions options_;
    Sink sink_;
    std::string pcm_;
    core::Job job_;
  };
  return std::make_unique<Utterance>(service_, std::move(options), std::move(sink));
}

}  // namespace parley::cloud::openai
