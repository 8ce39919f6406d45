#include <whisper.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/utf8.hpp"
#include "engine/ggml/library_log.hpp"
#include "engine/ggml/whisper_file.hpp"
#include "engine/ggml/whisper_pass.hpp"

namespace parley::engine {
namespace {

// Signs for what is not speech: (music), [BLANK_AUDIO], ♪. The set is that of OpenAI's whisper/tokenizer.py,
// `non_speech_tokens`; a hyphen or an apostrophe is kept inside a word only.
bool is_sign(std::string_view word) {
  constexpr std::u32string_view signs = U"\"#()*+/:;<=>@[\\]^_`{|}~「」『』♩♪♫♬♭♮♯";
  if (word == " -" || word == " '") return true;
  if (word.starts_with(' ')) word.remove_prefix(1);
  if (word.empty()) return false;
  if (word.starts_with("--") || word.starts_with("-(") || word.starts_with("-[") || word.starts_with("('")) return true;
  std::u32string const characters = core::decode_utf8(word);
  return std::ranges::all_of(characters, [&](char32_t c) { return signs.contains(c); });
}

}  // namespace

void WhisperStateDeleter::operator()(whisper_state* state) const noexcept { whisper_free_state(state); }

core::Result<std::shared_ptr<WhisperWeights const>> WhisperWeights::load(std::string const& path) {
  route_library_logs();
  if (auto checked = check_whisper_file(path); !checked) return std::unexpected(checked.error());
  whisper_context_params params = whisper_context_default_params();
  params.use_gpu = false;
  // With flash attention whisper.cpp 1.8 pads keys to a multiple of 256 and attends to the padding, where the sound of the
  // window before still lies: one caller's words would colour another's transcript, and no result could be repeated.
  params.flash_attn = false;
  whisper_context* context = whisper_init_from_file_with_params_no_state(path.c_str(), params);
  if (context == nullptr) {
    return core::fail(core::Code::unavailable,
                      "whisper.cpp cannot load the model; check it with `parley models verify` and pull it again", path);
  }
  return std::shared_ptr<WhisperWeights const>(new WhisperWeights(context));
}

WhisperWeights::WhisperWeights(whisper_context* context) : context_(context) {
  int const end = whisper_token_eot(context_);
  speakable_.resize(static_cast<std::size_t>(end) + 1, true);
  for (int token = 0; token < end; ++token) {
    std::string_view const word = whisper_token_to_str(context_, token);
    speakable_[static_cast<std::size_t>(token)] = !is_sign(word);
    if (word == " ") space_token_ = token;
  }
}

WhisperWeights::~WhisperWeights() { whisper_free(context_); }

core::Result<WhisperState> WhisperWeights::new_state() const {
  WhisperState state(whisper_init_state(context_));
  if (!state) return core::fail(core::Code::unavailable, "there is not enough memory for another transcription");
  return state;
}

bool WhisperWeights::knows_language(std::string const& language) const {
  // whisper_lang_id also takes names ("chinese"); we promise codes only.
  return language.size() <= 3 && whisper_lang_id(language.c_str()) >= 0;
}

}  // namespace parley::engine
