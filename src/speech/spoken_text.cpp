#include "speech/spoken_text.hpp"

#include "core/utf8.hpp"
#include "speech/plain_text.hpp"

namespace parley::speech {

std::string spoken_text(std::string_view written, std::string_view language) {
  auto const chinese = language.starts_with("zh");
  auto const plain = plain_text(core::decode_utf8(written), chinese);
  return chinese ? spoken_chinese(plain) : spoken_english(plain);
}

}  // namespace parley::speech
