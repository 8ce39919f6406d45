#include "cloud/volcengine/clause.hpp"

#include <boost/asio/steady_timer.hpp>

#include "audio/pcm16.hpp"
#include "core/log.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

using core::Code;

constexpr int most_attempts = 3;
constexpr std::chrono::milliseconds before_again{200};

}  // namespace

Carrier::Carrier(net::Network& network, Synthesiser::Options wanted)
    : options(std::move(wanted)), dialect(dialect_of(options.address.path)), network_(network), strand_(network.strand()) {}

std::string Carrier::resource_for(std::string const& speaker) const {
  if (!options.resource.empty()) return options.resource;
  if (dialect == Dialect::v1) return speaker.starts_with("S_") ? "volcano_icl" : "volcano_tts";  // its clusters
  auto resource = resource_of_voice(speaker);
  return resource.empty() ? "seed-tts-2.0" : resource;
}

net::Headers Carrier::headers_for(std::string const& resource) const {
  return dialect == Dialect::v1 ? v1_headers(options.account) : headers(options.account, resource);
}

void Carrier::sound(Clause& clause, std::string_view bytes) const {
  auto const whole = clause.halves.whole(bytes);
  clause.until = core::Clock::now() + options.between;
  if (whole.empty()) return;
  clause.sounded = true;
  clause.sink(speech::SpokenBlock{audio::from_pcm16(whole), false});
}

void Carrier::over(ClauseAt const& clause, Said const& said, std::string const& log_id) {
  auto const why = verdict(said.code, said.message);
  if (why.reaction != Reaction::fine) return failed(clause, why, said.code, log_id);
  if (!clause->sounded) {
    return failed(
        clause,
        {Reaction::elsewhere, Code::unavailable, "the service made no sound: does the voice speak the text's language?"},
        said.code, log_id);
  }
  clause->on_stop.reset();
  clause->sink(speech::SpokenBlock{{}, true});
}

void Carrier::failed(ClauseAt const& clause, Verdict const& why, std::uint32_t code, std::string const& log_id) {
  if (clause->ledger) {
    clause->ledger->add({.service = options.service,
                         .product = clause->resource,
                         .log_id = log_id,
                         .failure = std::string(core::name(why.code))});
  }
  bool const may = why.reaction == Reaction::reopen || why.reaction == Reaction::wait;
  auto const pause = before_again * clause->attempts;
  if (may && !clause->sounded && !clause->stopped && clause->attempts < most_attempts &&
      core::Clock::now() + pause < clause->until) {
    auto const timer = std::make_shared<boost::asio::steady_timer>(strand_, pause);
    timer->async_wait([timer, weak = weak_from_this(), clause](boost::system::error_code error) {
      auto const self = weak.lock();
      if (!error && self && !self->closed_ && !clause->stopped) self->again(clause);
    });
    return;
  }
  auto const error = error_of(why, code, options.service, log_id);
  spdlog::info("cloud: {}", core::describe(error));
  clause->on_stop.reset();
  clause->sink(std::unexpected(error));
}

void Carrier::book(Clause const& clause, std::string const& log_id) const {
  if (!clause.ledger) return;
  clause.ledger->add({.service = options.service,
                      .product = clause.resource,
                      .log_id = log_id,
                      .characters = static_cast<int>(core::count_code_points(clause.text))});
}

}  // namespace parley::cloud::volcengine
