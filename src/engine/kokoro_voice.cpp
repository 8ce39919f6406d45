#include "engine/kokoro_voice.hpp"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <optional>
#include <stop_token>

namespace parley::engine {
namespace {

/// The first letter of a voice is its language, the second f or m.
speech::VoiceInfo info_of(std::string const& name) {
  struct Language {
    char letter;
    char const *code, *described;
  };
  static constexpr std::array languages{
      Language{'z', "zh", "Mandarin"}, Language{'a', "en", "American English"}, Language{'b', "en", "British English"},
      Language{'e', "es", "Spanish"},  Language{'f', "fr", "French"},           Language{'h', "hi", "Hindi"},
      Language{'i', "it", "Italian"},  Language{'j', "ja", "Japanese"},         Language{'p', "pt", "Portuguese"}};
  for (auto const& language : languages) {
    if (name.starts_with(language.letter)) {
      bool const woman = name.size() > 1 && name[1] == 'f';
      return {"kokoro:" + name, {language.code}, fmt::format("{}, {}", language.described, woman ? "woman" : "man")};
    }
  }
  return {"kokoro:" + name, {"en"}, ""};
}

/// Hands a stop on to a job that was begun later.
struct Link {
  core::Job job;
  std::optional<std::stop_callback<std::function<void()>>> forward;  // last: its end waits for a stop under way

  void connect(std::stop_token const& stop, core::Job begun) {
    job = std::move(begun);
    forward.emplace(stop, [this] { job.cancel(); });  // at once when the stop came before
  }
};

}  // namespace

std::string kokoro_name(std::string const& voice) { return voice.substr(voice.find(':') + 1); }

Accent accent_of(std::string_view kokoro_name) { return kokoro_name.starts_with('b') ? Accent::british : Accent::american; }

std::vector<speech::VoiceInfo> KokoroVoice::voices() const {
  std::vector<speech::VoiceInfo> all;
  for (auto const& name : kokoro_->voices()) all.push_back(info_of(name));
  return all;
}

core::Result<void> KokoroVoice::check(std::string const& voice) const { return kokoro_->check(kokoro_name(voice)); }

core::Job KokoroVoice::speak(speech::SpeakRequest request, Sink sink) const {
  std::stop_source source;
  auto const urgency = request.urgency;
  auto begin = [kokoro = kokoro_, symbols = symbols_, request = std::move(request), sink = std::move(sink),
                source](std::stop_token const&) {
    if (source.stop_requested()) return Step::done;
    auto const name = kokoro_name(request.voice);
    auto spoken = (*symbols)(request.text, request.language, accent_of(name));
    if (!spoken) {
      sink(std::unexpected(std::move(spoken.error())));
    } else if (spoken->empty()) {
      sink(speech::SpokenBlock{{}, true});
    } else {
      // What Kokoro has begun stops with our own job; the link lives as long as Kokoro keeps the sink.
      auto const link = std::make_shared<Link>();
      link->connect(source.get_token(), kokoro->speak(std::move(*spoken), name, request.speed, request.urgency,
                                                      [sink, link](auto block) { sink(std::move(block)); }));
    }
    return Step::done;
  };
  // The step listens to our own source: the arbiter's Job ends here, and may.
  (void)arbiter_->submit(urgency, std::move(begin));
  return core::Job(std::move(source));
}

}  // namespace parley::engine
