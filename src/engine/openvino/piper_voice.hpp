#pragma once
// What a Piper voice is besides its networks: the config.json that models/convert/piper.py writes.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"

namespace parley::engine {

struct PiperVoice {
  std::string name;          ///< "en_US-joe-medium"
  std::string language;      ///< "en"
  std::string espeak_voice;  ///< "en-us": whose phonemes it was trained on
  int sample_rate = 0;
  int frame_samples = 0;  ///< samples of sound for one frame of the latent
  int channels = 0;
  float noise_scale = 0;           ///< liveliness of the sound
  float duration_noise_scale = 0;  ///< liveliness of the rhythm
  float length_scale = 1;          ///< its own pace; larger is slower
  std::unordered_map<char32_t, std::int64_t> ids;

  /// `invalid` with the field at fault.
  [[nodiscard]] static core::Result<PiperVoice> parse(std::string_view json);

  /// Phonemes (UTF-8 IPA) as the ids the front network takes: ^ _ p _ p _ … $, "_" (silence) after every symbol. What the
  /// voice does not know is dropped. Cut into several pieces where one would pass `most` ids: behind a punctuation mark, else
  /// between words or, if a word is that long, inside it. Empty when nothing in it can be spoken: no phoneme but marks.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> pieces(std::string_view phonemes, std::size_t most) const;
};

}  // namespace parley::engine
