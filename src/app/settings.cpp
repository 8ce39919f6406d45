#include "app/settings.hpp"

namespace parley::app {

using conversation::Milliseconds;

conversation::Settings settings_of(language::Role const& role, Config const& config) {
  conversation::Settings settings;
  settings.instructions = language::instructions(role);
  settings.language = role.language;
  settings.voices = config.voices;
  for (auto const& [language, voice] : role.voices) settings.voices[language] = voice;
  settings.speed = role.speed;
  settings.sampling = role.sampling;
  // Eagerness is how sure the end-of-turn model must be, and how long a pause may last when it is not.
  if (role.eagerness == "high") {
    settings.turns.finished = 0.35F;
    settings.turns.longest_wait = Milliseconds(1200);
  } else if (role.eagerness == "low") {
    settings.turns.finished = 0.7F;
    settings.turns.longest_wait = Milliseconds(3000);
  }
  return settings;
}

}  // namespace parley::app
