#include "engine/ggml/transcript_text.hpp"

#include <algorithm>
#include <exception>
#include <opencc/SimpleConverter.hpp>

#include "core/utf8.hpp"

namespace parley::engine {
namespace {

constexpr char32_t replacement = 0xFFFD;  // a character the model never finished

char32_t full_width(char32_t c) noexcept {
  switch (c) {
    case ',': return U'，';
    case '.': return U'。';
    case '?': return U'？';
    case '!': return U'！';
    case ';': return U'；';
    case ':': return U'：';
    default: return 0;
  }
}

bool is_chinese(char32_t c) noexcept { return core::is_han(c) || core::is_cjk_punctuation(c); }

}  // namespace

struct Simplifier::Converter {
  opencc::SimpleConverter simple{"t2s.json"};
};

Simplifier::Simplifier(std::unique_ptr<Converter> converter) : converter_(std::move(converter)) {}
Simplifier::~Simplifier() = default;

core::Result<std::shared_ptr<Simplifier const>> Simplifier::load() {
  try {
    return std::shared_ptr<Simplifier const>(new Simplifier(std::make_unique<Converter>()));
  } catch (std::exception const& error) {
    return core::fail(
        core::Code::unavailable,
        std::string("OpenCC's table of simplified characters cannot be read; install OpenCC's data (") + error.what() + ")",
        "t2s.json");
  }
}

std::string Simplifier::operator()(std::string_view text) const {
  if (core::guess_language(text) != "zh") return std::string(text);
  try {
    return converter_->simple.Convert(text.data(), text.size());
  } catch (std::exception const&) {
    return std::string(text);  // only for malformed text: the traditional form is still the right words
  }
}

std::string tidy_transcript(std::string_view text) {
  std::u32string in = core::decode_utf8(text);
  std::erase(in, replacement);
  while (!in.empty() && core::is_space(in.back())) in.pop_back();
  in.erase(in.begin(), std::ranges::find_if_not(in, core::is_space));

  std::u32string out;
  out.reserve(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    char32_t const c = in[i];
    char32_t const next = i + 1 < in.size() ? in[i + 1] : U'\0';
    bool const after_chinese = !out.empty() && is_chinese(out.back());
    if (char32_t const wide = full_width(c); wide != 0 && after_chinese && !core::is_ascii_digit(next)) {
      out.push_back(wide);
    } else if (core::is_space(c)) {
      if (!out.empty() && core::is_han(out.back()) && core::is_han(next)) {
        out.push_back(U'，');
      } else if (!(out.empty() || core::is_space(next) || core::is_cjk_punctuation(out.back()))) {
        out.push_back(U' ');
      }
    } else {
      out.push_back(c);
    }
  }
  return core::encode_utf8(out);
}

std::string join_transcripts(std::string_view a, std::string_view b) {
  if (a.empty()) return std::string(b);
  if (b.empty()) return std::string(a);
  std::u32string const left = core::decode_utf8(a);
  std::u32string const right = core::decode_utf8(b);
  bool const tight = is_chinese(left.back()) || is_chinese(right.front());
  return std::string(a) + (tight ? "" : " ") + std::string(b);
}

std::size_t without_loop(std::span<int const> tokens) noexcept {
  constexpr std::size_t longest_phrase = 40;
  constexpr std::size_t enough = 12;  // tokens that say the same: fewer can be speech
  for (std::size_t period = 1; period <= longest_phrase && 3 * period <= tokens.size(); ++period) {
    std::size_t same = period;
    while (same < tokens.size() && tokens[tokens.size() - 1 - same] == tokens[tokens.size() - 1 - same + period]) ++same;
    if (same >= 3 * period && same >= enough) return tokens.size() - same + period;
  }
  return tokens.size();
}

}  // namespace parley::engine
