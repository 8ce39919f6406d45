#include "engine/kokoro_whole_voice.hpp"

#include "engine/kokoro_voice.hpp"

namespace parley::engine {

core::Result<void> KokoroWholeVoice::check(std::string const& voice) const { return kokoro_->check(kokoro_name(voice)); }

core::Job KokoroWholeVoice::speak(speech::SpeakRequest request, Sink sink) const {
  auto const urgency = request.urgency;
  return arbiter_->submit(urgency, [kokoro = kokoro_, symbols = symbols_, request = std::move(request),
                                    sink = std::move(sink)](std::stop_token const&) {
    auto const name = kokoro_name(request.voice);
    auto const spoken = symbols(request.text, request.language, accent_of(name));
    if (!spoken) {
      sink(std::unexpected(spoken.error()));
    } else if (spoken->empty()) {
      sink(speech::SpokenBlock{{}, true});
    } else if (auto sound = kokoro->exact(*spoken, name, request.speed); !sound) {
      sink(std::unexpected(std::move(sound.error())));
    } else {
      sink(speech::SpokenBlock{std::move(*sound), true});
    }
    return Step::done;
  });
}

}  // namespace parley::engine
