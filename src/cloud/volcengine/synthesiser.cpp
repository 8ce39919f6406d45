#include "cloud/volcengine/synthesiser.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "cloud/volcengine/speaking.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

namespace asio = boost::asio;

bool speakable(std::string_view text) {
  return std::ranges::any_of(core::decode_utf8(text), [](char32_t c) {
    return core::is_han(c) || core::is_latin_letter(c) || core::is_ascii_digit(c) ||
           (c > 0x2E7F && !core::is_cjk_punctuation(c));
  });
}

}  // namespace

Synthesiser::Synthesiser(net::Network& network, Options options)
    : speaking_(std::make_shared<Speaking>(network, std::move(options))) {}

Synthesiser::~Synthesiser() {
  asio::post(speaking_->strand(), [speaking = speaking_] { speaking->close(); });
}

std::vector<speech::VoiceInfo> Synthesiser::voices() const { return speaking_->options.voices; }

core::Result<void> Synthesiser::check(std::string const& voice) const {
  auto const colon = voice.find(':');
  auto const spec = parse_voice(colon == std::string::npos ? voice : voice.substr(colon + 1));
  if (!spec) return std::unexpected(spec.error());
  return {};
}

core::Job Synthesiser::speak(speech::SpeakRequest request, Sink sink) const {
  auto const colon = request.voice.find(':');
  auto spec = parse_voice(colon == std::string::npos ? request.voice : request.voice.substr(colon + 1));
  auto const& options = speaking_->options;
  std::stop_source source;
  if (!spec || !speakable(request.text)) {
    core::Result<speech::SpokenBlock> answer = speech::SpokenBlock{{}, true};
    if (!spec) answer = std::unexpected(spec.error());
    asio::post(speaking_->strand(), [sink = std::move(sink), answer] { sink(answer); });
    return core::Job(std::move(source));
  }
  auto clause = std::make_shared<Clause>();
  clause->text = std::move(request.text);
  clause->resource = speaking_->resource_for(spec->mix.empty() ? spec->speaker : spec->mix.front().first);
  clause->request = {*std::move(spec), request.speed, options.pitch, options.loudness, options.model, options.style};
  clause->sink = std::move(sink);
  clause->on_stop.emplace(source.get_token(), [speaking = speaking_, weak = std::weak_ptr<Clause>(clause)] {
    asio::post(speaking->strand(), [speaking, weak] {
      if (auto const alive = weak.lock()) speaking->stop(alive);
    });
  });
  asio::post(speaking_->strand(), [speaking = speaking_, clause = std::move(clause)] { speaking->begin(clause); });
  return core::Job(std::move(source));
}

void Synthesiser::warm(std::string const& voice) const {
  auto const colon = voice.find(':');
  auto const spec = parse_voice(colon == std::string::npos ? voice : voice.substr(colon + 1));
  if (!spec) return;
  auto resource = speaking_->resource_for(spec->mix.empty() ? spec->speaker : spec->mix.front().first);
  asio::post(speaking_->strand(), [speaking = speaking_, resource = std::move(resource)] { speaking->warm(resource); });
}

Synthesiser::Counts Synthesiser::counts() const { return {speaking_->opened, speaking_->sessions, speaking_->cancelled}; }

}  // namespace parley::cloud::volcengine
