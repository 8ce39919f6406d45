#include "cloud/volcengine/synthesiser.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "cloud/volcengine/http_speaking.hpp"
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

/// "service:speaker@emotion", as this service's dialect can say it.
core::Result<VoiceSpec> voice_of(std::string const& voice, Dialect dialect) {
  auto const colon = voice.find(':');
  auto spec = parse_voice(colon == std::string::npos ? voice : voice.substr(colon + 1));
  if (spec && dialect == Dialect::v1 && !spec->mix.empty()) {
    return core::fail(core::Code::invalid, "the first version of the service mixes no voices; use one under /api/v3", voice);
  }
  return spec;
}

}  // namespace

Synthesiser::Synthesiser(net::Network& network, Options options) {
  if (dialect_of(options.address.path) == Dialect::unidirectional_http) {
    carrier_ = std::make_shared<HttpSpeaking>(network, std::move(options));
  } else {
    carrier_ = std::make_shared<Speaking>(network, std::move(options));
  }
}

Synthesiser::~Synthesiser() {
  asio::post(carrier_->strand(), [carrier = carrier_] { carrier->close(); });
}

std::vector<speech::VoiceInfo> Synthesiser::voices() const { return carrier_->options.voices; }

core::Result<void> Synthesiser::check(std::string const& voice) const {
  auto const spec = voice_of(voice, carrier_->dialect);
  if (!spec) return std::unexpected(spec.error());
  return {};
}

core::Job Synthesiser::speak(speech::SpeakRequest request, Sink sink) const {
  auto spec = voice_of(request.voice, carrier_->dialect);
  auto const& options = carrier_->options;
  std::stop_source source;
  if (!spec || !speakable(request.text)) {
    core::Result<speech::SpokenBlock> answer = speech::SpokenBlock{{}, true};
    if (!spec) answer = std::unexpected(spec.error());
    asio::post(carrier_->strand(), [sink = std::move(sink), answer] { sink(answer); });
    return core::Job(std::move(source));
  }
  auto clause = std::make_shared<Clause>();
  clause->text = std::move(request.text);
  clause->resource = carrier_->resource_for(spec->mix.empty() ? spec->speaker : spec->mix.front().first);
  clause->request = {*std::move(spec), request.speed, options.pitch,          options.loudness,
                     options.model,    options.style, options.account.app_id, clause->resource};
  clause->ledger = std::move(request.ledger);
  clause->sink = std::move(sink);
  clause->on_stop.emplace(source.get_token(), [carrier = carrier_, weak = std::weak_ptr<Clause>(clause)] {
    asio::post(carrier->strand(), [carrier, weak] {
      if (auto const alive = weak.lock()) carrier->stop(alive);
    });
  });
  asio::post(carrier_->strand(), [carrier = carrier_, clause = std::move(clause)] { carrier->begin(clause); });
  return core::Job(std::move(source));
}

void Synthesiser::warm(std::string const& voice) const {
  auto const spec = voice_of(voice, carrier_->dialect);
  if (!spec) return;
  auto resource = carrier_->resource_for(spec->mix.empty() ? spec->speaker : spec->mix.front().first);
  asio::post(carrier_->strand(), [carrier = carrier_, resource = std::move(resource)] { carrier->warm(resource); });
}

Synthesiser::Counts Synthesiser::counts() const { return {carrier_->opened, carrier_->sessions, carrier_->cancelled}; }

}  // namespace parley::cloud::volcengine
