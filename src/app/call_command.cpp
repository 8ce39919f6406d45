#include "app/call_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <cmath>
#include <iostream>

#include "app/call_printer.hpp"
#include "app/house.hpp"
#include "app/recorded_caller.hpp"
#include "app/settings.hpp"
#include "app/sound_card.hpp"
#include "audio/file.hpp"
#include "conversation/recording.hpp"

namespace parley::app {
namespace {

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

core::Result<std::vector<CallerQuestion>> read_questions(CallOptions const& options, CallPrinter& printer) {
  std::vector<CallerQuestion> questions;
  for (auto const& path : options.recordings) {
    auto recording = audio::read_recording(path, audio::heard_hz, 600);
    if (!recording) return std::unexpected(recording.error());
    if (!recording->note.empty()) printer.note(fmt::format("{}: {}", path.filename().string(), recording->note));
    questions.push_back({path.filename().string(), std::move(recording->samples)});
  }
  return questions;
}

void sum_up(CallPrinter& printer, std::vector<double> waits) {
  if (waits.empty()) return;
  std::ranges::sort(waits);
  printer.note(fmt::format("from the end of speech to the first sound: median {:.0f} ms, longest {:.0f} ms, over {} turn{}",
                           waits[waits.size() / 2], waits.back(), waits.size(), waits.size() == 1 ? "" : "s"));
}

/// A recorded call once more: no models, no waiting. Fails where it does not go as it went.
int replay_call(CallOptions const& options) {
  CallPrinter printer(std::cout, options.json, "parley");
  auto const done =
      conversation::replay(*options.replay, [&](core::Duration, conversation::Command const& c) { printer.on(c); });
  if (!done) return complain(done.error());
  auto const seconds = std::chrono::duration<double>(done->length).count();
  printer.note(fmt::format("{} events of {:.1f} s gave the same commands as then, bit for bit", done->events, seconds));
  return 0;
}

}  // namespace

int call_command(CallOptions const& options, Config const& config) {
  if (options.replay) return replay_call(options);
  auto say = [&](std::string const& what) {
    if (!options.json) std::cerr << fmt::format("\033[2m{}\033[0m", what) << std::endl;
  };
  language::Roles const roles(share_folder() / "roles");
  auto const role = roles.load(options.role.empty() ? config.role : options.role);
  if (!role) return complain(role.error());

  CallPrinter printer(std::cout, options.json, role->name);
  auto questions = read_questions(options, printer);
  if (!questions) return complain(questions.error());
  std::unique_ptr<SoundCard> card;
  if (questions->empty()) {
    auto opened = SoundCard::open();
    if (!opened) return complain(opened.error());
    card = std::move(*opened);
  }

  auto house = House::open(config, {}, say);
  if (!house) return complain(house.error());
  if (auto const warm = (*house)->warm(say); !warm) return complain(warm.error());

  boost::asio::io_context io;
  auto const strand = boost::asio::make_strand(io);
  Speaker speaker;
  RecordedCaller caller(
      strand, std::move(*questions), speaker, [&](std::string const& name) { printer.note("♪ " + name); },
      [&](std::string const& name, core::Duration gap) { printer.gap(name, gap); });
  std::shared_ptr<conversation::CallRecorder> recorder;
  if (options.record) {
    auto created = conversation::CallRecorder::create(*options.record);
    if (!created) return complain(created.error());
    recorder = std::move(*created);
  }
  auto settings = settings_of(*role, config);
  settings.player_holds = true;
  settings.echo_guard = card != nullptr;  // most loudspeakers are heard by their microphone
  auto listen = [&](conversation::Command const& news) {
    printer.on(news);
    if (card)
      card->on(news);
    else
      caller.on(news);
  };
  std::shared_ptr<core::Ledger> ledger;
  if (!config.services.services.empty()) {
    auto prices = load_prices(share_folder() / "config" / config.prices);
    if (!prices) return complain(prices.error());
    ledger = std::make_shared<core::Ledger>();
    printer.follow(ledger, *std::move(prices));
  }
  auto engines = (*house)->engines_for(*role, {.ledger = ledger});
  if (!engines) return complain(engines.error());
  auto call = conversation::Call::open(strand, *std::move(engines), settings, listen, recorder);
  if (!call) return complain(call.error());

  RecordedCaller::Outcome outcome;
  auto finish = [&] {
    (*call)->close();
    io.stop();
  };
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (!error) finish();
  });
  bool const greet = options.greet && !role->greeting.empty();
  if (greet) {
    conversation::ReplyOverrides greeting;
    greeting.say = role->greeting;
    (*call)->tell(conversation::ReplyAsked{std::move(greeting)});
  }
  if (card) {
    card->start([&](std::span<float const> samples) { (*call)->hear(samples); });
    printer.note("speak; Ctrl-C ends the call");
  } else {
    boost::asio::post(strand, [&] {
      caller.start(*call, greet, [&](RecordedCaller::Outcome result) {
        outcome = std::move(result);
        finish();
      });
    });
  }
  io.run();
  if (card) card->stop();
  call->reset();
  printer.bill();

  for (auto const& sentence : outcome.unanswered) std::cerr << "parley: " << sentence << std::endl;
  auto const& totals = printer.totals();
  sum_up(printer, totals.gaps_ms.empty() ? totals.waits_ms : totals.gaps_ms);
  if (options.out) {
    auto const& heard = card ? card->heard() : speaker.heard();
    if (heard.empty()) return complain({core::Code::not_found, "there was no answer to write", options.out->string(), {}});
    if (auto const written = audio::write_wav(*options.out, heard, audio::spoken_hz); !written)
      return complain(written.error());
    printer.note(
        fmt::format("wrote {} ({:.1f} s)", options.out->string(), static_cast<double>(heard.size()) / audio::spoken_hz));
  }
  return outcome.unanswered.empty() && printer.totals().failed == 0 ? 0 : 1;
}

}  // namespace parley::app
