#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "app/config.hpp"

namespace parley::app {

struct SpeakOptions {
  std::vector<std::string> texts;  ///< empty: the lines of standard input
  std::string voice;               ///< empty: the house's voice for the text's language
  float speed = 1.0F;
  std::filesystem::path out = "speech.wav";  ///< a .wav for one text; a folder of 001.wav, 002.wav, … for several
  bool list = false;                         ///< print the voices instead
};
/// `parley speak`: text to recordings. Exit status 0 when every text was spoken.
[[nodiscard]] int speak_command(SpeakOptions const& options, Config const& config);

struct TranscribeOptions {
  std::vector<std::filesystem::path> recordings;
  std::string language;  ///< empty: detect
  bool json = false;
};
/// `parley transcribe`: recordings to text, one line each.
[[nodiscard]] int transcribe_command(TranscribeOptions const& options, Config const& config);

}  // namespace parley::app
