#include "engine/openvino/piper.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "audio/resample.hpp"
#include "core/utf8.hpp"
#include "engine/openvino/piper_networks.hpp"
#include "speech/spoken_text.hpp"

namespace parley::engine {
namespace {

constexpr std::uint64_t noise_seed = 0x9e3779b97f4a7c15ULL;  // any number: one seed makes every clause repeatable

}  // namespace

/// One clause on its way. Lives in the step that is waiting in the arbiter, so it ends when that step does.
struct Piper::Clause : std::enable_shared_from_this<Clause> {
  Arbiter* arbiter;
  std::shared_ptr<PiperNetworks> networks;
  std::shared_ptr<Phonemiser const> phonemiser;
  speech::SpeakRequest request;
  Sink sink;
  std::stop_token stop;
  core::Urgency urgency = core::Urgency::first_sound;  // of the next step
  std::deque<std::vector<std::int64_t>> pieces;
  std::optional<PiperDecoding> decoding;
  audio::Resampler resampler;

  Clause(Piper const& piper, speech::SpeakRequest wanted, Sink to, std::stop_token token)
      : arbiter(piper.arbiter_),
        networks(piper.networks_),
        phonemiser(piper.phonemiser_),
        request(std::move(wanted)),
        sink(std::move(to)),
        stop(std::move(token)),
        urgency(request.urgency),
        resampler(networks->voice().sample_rate, audio::spoken_hz) {}

  using Act = bool (Clause::*)();  // whether there is more to do

  /// Each step is submitted anew because its urgency may differ from the one before. The arbiter's own Job is dropped at once:
  /// dropping asks only that one step to stop, and the clause goes by its own token, which is the caller's.
  void submit(Act act) {
    (void)arbiter->submit(urgency, [clause = shared_from_this(), act](std::stop_token) {
      if (!clause->stop.stop_requested() && ((*clause).*act)()) clause->submit(&Clause::window);
      return Step::done;
    });
  }

  bool fail(core::Error error) {
    sink(std::unexpected(std::move(error)));
    return false;
  }

  bool begin() {
    auto const written = pronounceable();
    if (!written) return fail(written.error());
    auto const text = speech::spoken_text(*written, networks->voice().language);
    if (!text.empty()) {
      auto const phonemes = (*phonemiser)(text, networks->voice().espeak_voice);
      if (!phonemes) return fail(phonemes.error());
      std::ranges::move(networks->voice().pieces(*phonemes, PiperNetworks::most_ids), std::back_inserter(pieces));
    }
    if (pieces.empty()) {
      sink(speech::SpokenBlock{{}, true});
      return false;
    }
    return front();
  }

  /// The text without the characters this voice has no sounds for; an error when that leaves nothing of what was to be said.
  [[nodiscard]] core::Result<std::string> pronounceable() const {
    auto text = core::decode_utf8(request.text);
    if (std::erase_if(text, core::is_han) == 0) return request.text;
    bool const left = std::ranges::any_of(text, [](char32_t c) { return core::is_latin_letter(c) || core::is_ascii_digit(c); });
    if (!left) {
      return core::fail(
          core::Code::invalid,
          "the voice piper:" + networks->voice().name + " cannot speak Chinese; choose a Chinese voice for this role", "voice");
    }
    return core::encode_utf8(text);
  }

  bool front() {
    auto latent = networks->front(pieces.front(), request.speed, noise_seed);
    pieces.pop_front();
    if (!latent) return fail(latent.error());
    decoding.emplace(networks, std::move(*latent));
    return true;
  }

  bool window() {
    if (decoding->finished()) return front();
    auto const samples = decoding->next();
    if (!samples) return fail(samples.error());
    speech::SpokenBlock block{resampler.push(*samples), decoding->finished() && pieces.empty()};
    if (block.last) {
      auto const rest = resampler.finish();
      block.samples.insert(block.samples.end(), rest.begin(), rest.end());
    }
    bool const more = !block.last;
    if (block.last || !block.samples.empty()) sink(std::move(block));
    // Only what is being listened to may run dry; serving sound in bulk keeps its own place.
    if (request.urgency == core::Urgency::first_sound) urgency = core::Urgency::running_dry;
    return more;
  }
};

Piper::Piper(Arbiter& arbiter, std::shared_ptr<PiperNetworks> networks, Phonemiser phonemiser)
    : arbiter_(&arbiter),
      networks_(std::move(networks)),
      phonemiser_(std::make_shared<Phonemiser const>(std::move(phonemiser))) {}

core::Result<std::shared_ptr<Piper>> Piper::load(OpenVino const& openvino, Arbiter& arbiter,
                                                 std::filesystem::path const& directory, Phonemiser phonemiser) {
  auto networks = PiperNetworks::load(openvino, directory, arbiter.cores());
  if (!networks) return std::unexpected(networks.error());
  return std::shared_ptr<Piper>(new Piper(arbiter, std::move(*networks), std::move(phonemiser)));
}

std::vector<speech::VoiceInfo> Piper::voices() const {
  auto const& voice = networks_->voice();
  return {{"piper:" + voice.name, {voice.language}, "Piper, one speaker, light on the processor"}};
}

core::Result<void> Piper::check(std::string const& voice) const {
  auto const own = "piper:" + networks_->voice().name;
  if (voice == own) return {};
  return core::fail(core::Code::not_found, "there is no voice \"" + voice + "\" here; this synthesiser has " + own, "voice");
}

core::Job Piper::speak(speech::SpeakRequest request, Sink sink) const {
  std::stop_source source;
  auto wrong = check(request.voice);
  if (wrong && !(request.speed >= 0.25F && request.speed <= 4.0F)) {
    wrong = core::fail(core::Code::invalid, "speed must be between 0.25 and 4", "speed");
  }
  if (!wrong) {
    // Told from a step like everything else: a caller may hold a lock that its sink wants.
    (void)arbiter_->submit(request.urgency,
                           [sink = std::move(sink), error = wrong.error(), stop = source.get_token()](std::stop_token) {
                             if (!stop.stop_requested()) sink(std::unexpected(error));
                             return Step::done;
                           });
  } else {
    std::make_shared<Clause>(*this, std::move(request), std::move(sink), source.get_token())->submit(&Clause::begin);
  }
  return core::Job(std::move(source));
}

}  // namespace parley::engine
