#include "engine/openvino/piper_voice.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "core/utf8.hpp"

namespace parley::engine {
namespace {

constexpr char32_t begin_mark = U'^', end_mark = U'$', silence = U'_';

bool is_mark(char32_t c) { return std::u32string_view(U",.;:!?").find(c) != std::u32string_view::npos; }

/// A sound, and not punctuation, a digit (tones of other languages), stress, length or a combining sign.
bool is_sound(char32_t c) {
  if (c < 0x80) return core::is_latin_letter(c);
  bool const modifier = c >= 0x2B0 && c <= 0x36F;
  bool const letter = (c >= 0xC0 && c < 0x2000) || (c >= 0x2C60 && c <= 0x2C7F);  // Latin, IPA, Greek; Latin extended C
  return letter && !modifier;
}

std::u32string_view trimmed(std::u32string_view text) {
  auto const begin = text.find_first_not_of(U' ');
  if (begin == std::u32string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(U' ') - begin + 1);
}

/// How many of the phonemes make the next piece, at most `most`.
std::size_t cut(std::u32string_view phonemes, std::size_t most) {
  if (phonemes.size() <= most) return phonemes.size();
  std::size_t space = 0, mark = 0;
  for (std::size_t i = 0; i < most; ++i) {
    if (phonemes[i] == U' ') space = i + 1;
    if (is_mark(phonemes[i])) mark = i + 1;
  }
  if (mark > most / 3) return mark;  // an early mark would leave a stump; a space is better then
  return space > 0 ? space : most;
}

}  // namespace

core::Result<PiperVoice> PiperVoice::parse(std::string_view json) {
  PiperVoice voice;
  try {
    auto const config = nlohmann::json::parse(json);
    voice.name = config.at("voice").get<std::string>();
    voice.language = config.at("language").get<std::string>();
    voice.espeak_voice = config.at("espeak_voice").get<std::string>();
    voice.sample_rate = config.at("sample_rate").get<int>();
    voice.frame_samples = config.at("frame_samples").get<int>();
    voice.channels = config.at("channels").get<int>();
    voice.noise_scale = config.at("noise_scale").get<float>();
    voice.duration_noise_scale = config.at("duration_noise_scale").get<float>();
    voice.length_scale = config.at("length_scale").get<float>();
    for (auto const& [symbol, id] : config.at("phoneme_ids").items()) {
      auto const characters = core::decode_utf8(symbol);
      if (characters.size() == 1) voice.ids[characters[0]] = id.get<std::int64_t>();
    }
  } catch (nlohmann::json::exception const& error) {
    return core::fail(core::Code::invalid, std::string("the voice's config.json cannot be used: ") + error.what(),
                      "config.json");
  }
  for (char32_t const needed : {begin_mark, end_mark, silence, U' '}) {
    if (!voice.ids.contains(needed)) {
      return core::fail(core::Code::invalid, "the voice's phoneme_ids lack one of ^ $ _ and space", "phoneme_ids");
    }
  }
  if (voice.sample_rate < 8000 || voice.frame_samples < 1 || voice.channels < 1 || !(voice.length_scale > 0)) {
    return core::fail(core::Code::invalid, "the voice's config.json holds a rate, size or scale that cannot be", "config.json");
  }
  return voice;
}

std::vector<std::vector<std::int64_t>> PiperVoice::pieces(std::string_view phonemes, std::size_t most) const {
  std::u32string known;
  for (char32_t const c : core::decode_utf8(phonemes)) {
    bool const control = c == begin_mark || c == end_mark || c == silence;
    if (!control && ids.contains(c)) known.push_back(c);
  }
  std::vector<std::vector<std::int64_t>> result;
  std::size_t const room = (std::max<std::size_t>(most, 5) - 3) / 2;  // ^ _ and $ around, two ids a phoneme
  for (std::u32string_view rest = trimmed(known); !rest.empty();) {
    std::size_t const size = cut(rest, room);
    auto const part = trimmed(rest.substr(0, size));
    rest = trimmed(rest.substr(size));
    if (std::ranges::none_of(part, is_sound)) continue;
    std::vector<std::int64_t> piece{ids.at(begin_mark), ids.at(silence)};
    for (char32_t const c : part) {
      piece.push_back(ids.at(c));
      piece.push_back(ids.at(silence));
    }
    piece.push_back(ids.at(end_mark));
    result.push_back(std::move(piece));
  }
  return result;
}

}  // namespace parley::engine
