#pragma once
// Pinyin to the symbols of Kokoro-82M v1.0.
#include <string>
#include <string_view>

namespace parley::engine {

/// "hao3" → U"xau↓". Pinyin in ASCII: v for ü, E for ê, the tone 1–5 last (5: neutral, no arrow). The symbols are those the
/// voices were trained on: IPA of Standard Chinese (Duanmu 2007; Lin 2007) with affricates as one symbol and the arrows
/// → ↗ ↓ ↘ behind the vowel for the four tones, as misaki 0.9 (Apache-2.0) writes them. Empty when it is no syllable.
[[nodiscard]] std::u32string kokoro_syllable(std::string_view pinyin);

}  // namespace parley::engine
