#include "engine/openvino/kokoro.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "engine/openvino/kokoro_edges.hpp"
#include "engine/openvino/kokoro_studio.hpp"

namespace parley::engine {
namespace {

// The front works on a clause at once; more symbols than this only make the first sound late (12 s of speech or so).
constexpr std::size_t comfortable_symbols = 200;
constexpr std::size_t enough_silence = 300 * 24;  // after the last word: what comes then is more of it

using Networks = KokoroNetworks;

core::Result<void> check_speed(float speed) {
  if (speed >= 0.25F && speed <= 4.0F) return {};
  return core::fail(core::Code::invalid, "speed must be between 0.25 and 4", "speed");
}

core::Result<std::vector<std::u32string>> pieces_of(Networks const& networks, std::u32string_view symbols) {
  std::vector<std::u32string> pieces;
  for (auto& piece : split_symbols(symbols, comfortable_symbols)) {
    std::erase_if(piece, [&](char32_t symbol) { return networks.tokens({&symbol, 1}).empty(); });
    if (!piece.empty()) pieces.push_back(std::move(piece));
  }
  if (!pieces.empty()) return pieces;
  return core::fail(core::Code::invalid, "there is nothing in this clause that Kokoro can say", "text");
}

/// The frame in which the last symbol that is no punctuation begins.
int last_word(std::u32string_view piece, Networks::Clause const& clause) {
  auto const last = piece.find_last_not_of(U" .,!?;:—…\"()“”");
  if (last == std::u32string_view::npos) return 0;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i <= last && i < clause.durations.size(); ++i) sum += clause.durations[i];
  return static_cast<int>(sum) * Networks::frames_per_duration;
}

}  // namespace

class Kokoro::Shared {
 public:
  Shared(Arbiter& with, std::shared_ptr<Networks> networks_in, KokoroVoices voices, std::filesystem::path const& directory)
      : arbiter(&with),
        networks(std::move(networks_in)),
        studio(std::move(voices), networks->digest(), directory / "calibration") {}

  Arbiter* arbiter;
  std::shared_ptr<Networks> networks;
  KokoroStudio studio;

  static void calibrate(std::shared_ptr<Shared> const& shared, std::shared_ptr<KokoroSpeaker> const& speaker, Done done) {
    auto const asked = speaker->ask(done);
    if (asked.complete && done) done({});
    if (asked.begin) measure(shared, speaker);
  }

 private:
  /// One sentence a step. Ends with the object that everything belongs to.
  static void measure(std::weak_ptr<Shared> const& owner, std::shared_ptr<KokoroSpeaker> const& speaker) {
    auto const shared = owner.lock();
    if (!shared) return;
    // The step is its own master: the arbiter's Job is dropped, which asks a step to stop that does not listen.
    (void)shared->arbiter->submit(core::Urgency::background, [owner, speaker](std::stop_token) {
      auto const alive = owner.lock();
      return alive && speaker->measure(*alive->networks) ? Step::again : Step::done;
    });
  }
};

/// One clause on its way. Lives in the step that waits in the arbiter, so it ends when that step does.
struct Kokoro::Speech : std::enable_shared_from_this<Speech> {
  std::shared_ptr<Shared> shared;
  std::shared_ptr<KokoroSpeaker> speaker;
  std::deque<std::u32string> pieces;
  float speed = 1;
  core::Urgency urgency = core::Urgency::first_sound;  // of the next step
  bool live = false;                                   // somebody listens as it is made
  Sink sink;
  std::stop_token stop;

  std::u32string piece;
  std::optional<Networks::Clause> clause;
  std::optional<KokoroSpeaker::Expected> expected;
  SpeechEdges edges;
  int start = 0;
  int done = 0;  // frames after `start`
  int word = 0;  // where the last word begins

  using Act = bool (Speech::*)();  // whether there is more to do

  /// Each step is submitted anew because its urgency may differ from the one before; the clause goes by its own stop token.
  void submit(Act act) {
    (void)shared->arbiter->submit(urgency, [speech = shared_from_this(), act](std::stop_token) {
      if (!speech->stop.stop_requested() && ((*speech).*act)()) speech->submit(speech->next());
      return Step::done;
    });
  }

  [[nodiscard]] Act next() const { return !clause ? &Speech::front : expected ? &Speech::window : &Speech::whole; }

  bool fail(core::Error error) {
    sink(std::unexpected(std::move(error)));
    return false;
  }

  bool front() {
    piece = std::move(pieces.front());
    pieces.pop_front();
    auto const tokens = shared->networks->tokens(piece);
    auto made = shared->networks->front(tokens, speaker->style(), speed);
    if (!made) return fail(made.error());
    clause = std::move(*made);
    expected = speaker->expect(tokens.size());
    edges = {};
    done = 0;
    word = last_word(piece, *clause);
    auto const silence = static_cast<int>(clause->durations.front()) * Networks::frames_per_duration;
    start = expected ? std::max(0, silence - expected->early - Networks::context) : 0;
    return true;
  }

  bool whole() {
    auto made = shared->networks->whole(*clause);
    if (!made) return fail(made.error());
    return give(edges.push(made->samples), true);
  }

  bool window() {
    int const total = clause->frames - start;
    auto next = next_window(total, done, shared->networks->lengths(done), Networks::context);
    int const made = next.keep_end;
    next = {next.begin + start, next.length, next.keep_begin + start, next.keep_end + start};
    // The frames that were left out before the start are missing from the context of the first ones.
    if (done == 0 && start > 0) next.keep_begin = std::min(next.keep_begin + Networks::context, next.keep_end);
    auto const samples = shared->networks->window(*clause, next, expected->moments);
    if (!samples) return fail(samples.error());
    done = made;
    auto sound = edges.push(*samples);
    bool const over = done >= total || (start + done > word && edges.started() && edges.held() > enough_silence);
    return give(std::move(sound), over);
  }

  /// Sends what can be heard, with the pause behind it when the piece is over; whether there is more to do.
  bool give(audio::Samples sound, bool over) {
    if (over) {
      auto const rest = edges.finish(pause_after(piece));
      sound.insert(sound.end(), rest.begin(), rest.end());
      clause.reset();
    }
    bool const last = over && pieces.empty();
    if (last || !sound.empty()) {
      if (live) urgency = core::Urgency::running_dry;
      sink(speech::SpokenBlock{std::move(sound), last});
    }
    return !last;
  }
};

core::Result<std::shared_ptr<Kokoro>> Kokoro::load(OpenVino const& openvino, Arbiter& arbiter,
                                                   std::filesystem::path const& directory) {
  auto voices = KokoroVoices::read(directory / "voices");
  if (!voices) return std::unexpected(voices.error());
  auto networks = Networks::load(openvino, directory, arbiter.cores());
  if (!networks) return std::unexpected(networks.error());
  auto shared = std::make_shared<Shared>(arbiter, std::move(*networks), std::move(*voices), directory);
  return std::shared_ptr<Kokoro>(new Kokoro(std::move(shared)));
}

std::vector<std::string> Kokoro::voices() const { return shared_->studio.voices().names(); }

core::Result<void> Kokoro::check(std::string const& voice) const {
  auto const parts = shared_->studio.voices().find(voice);
  if (!parts) return std::unexpected(parts.error());
  return {};
}

core::Job Kokoro::speak(std::u32string symbols, std::string voice, float speed, core::Urgency urgency, Sink sink) const {
  std::stop_source source;
  auto speaker = shared_->studio.speaker(voice);
  auto pieces = pieces_of(*shared_->networks, symbols);
  auto ok = check_speed(speed);
  if (ok && !speaker) ok = std::unexpected(speaker.error());
  if (ok && !pieces) ok = std::unexpected(pieces.error());
  if (!ok) {
    // Told from a step like everything else: a caller may hold a lock that its sink wants.
    (void)shared_->arbiter->submit(urgency,
                                   [sink = std::move(sink), error = ok.error(), stop = source.get_token()](std::stop_token) {
                                     if (!stop.stop_requested()) sink(std::unexpected(error));
                                     return Step::done;
                                   });
    return core::Job(std::move(source));
  }
  auto speech = std::make_shared<Speech>();
  speech->shared = shared_;
  speech->speaker = *speaker;
  speech->pieces.assign(std::make_move_iterator(pieces->begin()), std::make_move_iterator(pieces->end()));
  speech->speed = speed;
  speech->urgency = urgency;
  speech->live = urgency == core::Urgency::first_sound;
  speech->sink = std::move(sink);
  speech->stop = source.get_token();
  speech->submit(&Speech::front);
  Shared::calibrate(shared_, *speaker, {});
  return core::Job(std::move(source));
}

core::Result<bool> Kokoro::measured(std::string const& voice) const {
  auto const speaker = shared_->studio.speaker(voice);
  if (!speaker) return std::unexpected(speaker.error());
  return (*speaker)->complete();
}

void Kokoro::calibrate(std::string const& voice, Done done) const {
  auto const speaker = shared_->studio.speaker(voice);
  if (speaker) {
    Shared::calibrate(shared_, *speaker, std::move(done));
  } else if (done) {
    done(std::unexpected(speaker.error()));
  }
}

core::Result<audio::Samples> Kokoro::exact(std::u32string const& symbols, std::string const& voice, float speed) const {
  auto const speaker = shared_->studio.speaker(voice);
  if (!speaker) return std::unexpected(speaker.error());
  if (auto const ok = check_speed(speed); !ok) return std::unexpected(ok.error());
  auto const pieces = pieces_of(*shared_->networks, symbols);
  if (!pieces) return std::unexpected(pieces.error());
  audio::Samples all;
  for (auto const& piece : *pieces) {
    auto const clause = shared_->networks->front(shared_->networks->tokens(piece), (*speaker)->style(), speed);
    if (!clause) return std::unexpected(clause.error());
    auto const whole = shared_->networks->whole(*clause);
    if (!whole) return std::unexpected(whole.error());
    all.insert(all.end(), whole->samples.begin(), whole->samples.end());
  }
  return all;
}

}  // namespace parley::engine
