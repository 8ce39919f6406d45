#include "engine/openvino/kokoro_calibration_text.hpp"

#include <array>

namespace parley::engine {
namespace {

// Everyday sentences of 3 to 117 symbols. The first five already span short and long, so that a voice can be spoken with as
// soon as those are measured.
constexpr std::array<std::u32string_view, 14> mandarin{
    U"ni↓xau↓, xə↓n kau→ɕi↘ŋ ɻə↘nʂɨ↗ ni↓. ʨʰi↓ŋwə↘n jou↓ ʂə↗nmɤ kʰɤ↓i↓ pa→ŋni↗n?",
    U"wei↘ʂə↗nmɤ nɤ?",
    U"ʨi→ntʰjɛ→n tʰjɛ→nʨʰi↘ pu↘ʦʰwo↘, wo↓mən ʨʰy↘ kʊ→ŋɥɛ↗n sa↘npu↘ pa!",
    U"ʂɨ↘tɤ.",
    U"ʦʰʊ↗ŋ pei↓ʨi→ŋ tau↘ ʂa↘ŋxai↓ ʦwo↘ kau→tʰje↓ ta↘ɥe→ ɕy→jau↘ sɨ↘kɤ↘ pa↘n ɕjau↓ʂɨ↗, pʰjau↘ʨja↘ u↓pai↓ two→ kʰwai↘ʨʰjɛ↗n.",
    U"wo↓ pu↘ ꭧɨ→tau↘.",
    U"ʨʰi↓ŋ pa↓ mə↗n kwa→nʂa↘ŋ.",
    U"ɕjau↓mau→ ʦai↘ ꭧʰwa→ŋtʰai↗ʂa↘ŋ ʂai↘ tʰai↘ja↗ŋ, wei↓pa ʨʰi→ŋʨʰi→ŋti↘ jau↗lai↗ jau↗ʨʰy↘.",
    U"n↗?",
    U"ʦau↓ʂa↘ŋ xau↓, ʦwo↗wa↓n ʂwei↘tɤ↗ ʦə↓nmɤja↘ŋ?",
    U"tʰi→ŋ ʨʰi↓lai↗ pu↘ʦʰwo↘, na↘ ʨjou↘ ꭧɤ↘mɤ ti↘ŋlɤ.",
    U"ɻu↗kwo↓ mi↗ŋtʰjɛ→n ɕja↘y↓, pi↓sai↘ ʨjou↘ tʰwei→ꭧʰɨ↗ tau↘ ꭧou→ljou↘ ɕja↘u↓ sa→ntjɛ↓n, wo↓ tʰi↗ʨʰjɛ↗n tʰʊ→ŋꭧɨ→ ta↘ʨja→.",
    U"ꭧə→ntɤ ma? tʰai↘xau↓lɤ!",
    U"ɕje↘ɕje↘! ʦai↘ʨjɛ↘n. ꭧu↘ni↗n ʂə→ŋxwo↗ y↗kʰwai↘!",
};

constexpr std::array<std::u32string_view, 14> english{
    U"plˈiz klˈOs ðə dˈɔɹ.",
    U"ʃi ˈOpᵊnd ðə wˈɪndO slˈOli ænd lˈɪsᵊnd tʊ ðə sˈWnd ʌv ðə sˈi.",
    U"ˌOkˈA.",
    U"ɪn ʤˈɛnəɹəl, ðɪs kwˈɛsʧᵊn ɪz ɹˈæðəɹ dˈɪfəkəlt, sˌO lˈɛt mˌi θˈɪŋk əbˈWt ɪt.",
    U"nˈO, θˈæŋks.",
    U"ðæt ɪz ɐ vˈɛɹi ɡˈʊd Idˈiə.",
    U"ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ ðə lˈAzi dˈɔɡ nˌɪɹ ðə ɹˈɪvəɹ, wˌIl ɐ smˈɔl bˈɜɹd sˈɪŋz ɪn ðə ˈOld tɹˈi.",
    U"həlˈO, ɪt ɪz nˈIs tʊ mˈit ju.",
    U"lˈɛt mˌi sˈi.",
    U"tˈɜɹn lˈɛft æt ðə nˈɛkst kˈɔɹnəɹ, ænd ðˈɛn ɡˌO ˌɔn.",
    U"wi ʃˌʊd lˈiv ˈɜɹli təmˈɑɹO mˈɔɹnɪŋ, bəkˈʌz ðə tɹˈAn wɪl nˌɑt wˈAt.",
    U"jˈɛs.",
    U"plˈiz ɹˈIt dˌWn jʊɹ nˈAm, jʊɹ ədɹˈɛs, ænd jʊɹ fˈOn nˈʌmbəɹ, sˌO ðæt wi kæn sˈɛnd ju ðə bˈʊk wˌɛn ɪt kˈʌmz bˈæk.",
    U"ʌv kˈɔɹs, ɡˌO əhˈɛd.",
};

}  // namespace

std::span<std::u32string_view const> calibration_text(std::string_view voice) noexcept {
  if (voice.starts_with("zf_") || voice.starts_with("zm_")) return mandarin;
  return english;
}

}  // namespace parley::engine
