#include "knowledge/separator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/utf8.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace parley::knowledge {
namespace {

constexpr std::string_view special = "\\^$.|?*+()[]{}#";

/// Python's \s also means U+001C..U+001F, PCRE2's does not.
std::string with_blanks_of_python(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char const c = pattern[i];
    if (c != '\\' || i + 1 == pattern.size()) {
      if (c == '[' && !in_class) {
        in_class = true;
        out += c;
        if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
        if (i + 1 < pattern.size() && pattern[i + 1] == ']') out += pattern[++i];  // a bracket that is meant
        continue;
      }
      if (c == ']') in_class = false;
      out += c;
      continue;
    }
    char const escaped = pattern[++i];
    if (escaped == 's')
      out += in_class ? "\\s\\x1C-\\x1F" : "[\\s\\x1C-\\x1F]";
    else if (escaped == 'S' && !in_class)
      out += "[^\\s\\x1C-\\x1F]";
    else
      (out += c) += escaped;
  }
  return out;
}

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 128> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<char const*>(text.data());
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

struct MatchDeleter {
  void operator()(pcre2_match_data* data) const noexcept { pcre2_match_data_free(data); }
};
struct ContextDeleter {
  void operator()(pcre2_compile_context* context) const noexcept { pcre2_compile_context_free(context); }
};

}  // namespace

struct Separator::Code {
  explicit Code(pcre2_code* compiled) : raw(compiled) {}
  ~Code() { pcre2_code_free(raw); }
  Code(Code const&) = delete;
  Code& operator=(Code const&) = delete;
  pcre2_code* raw;
};

core::Result<Separator> Separator::compile(std::string const& text, bool regex) {
  Separator made;
  made.text_ = core::encode_utf8(core::decode_utf8(text));
  if (!regex || made.text_.find_first_of(special) == std::string::npos) {
    made.literal_ = made.text_;
    return made;
  }
  int error = 0;
  PCRE2_SIZE at = 0;
  std::unique_ptr<pcre2_compile_context, ContextDeleter> const context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  auto const pattern = with_blanks_of_python(made.text_);
  pcre2_code* compiled = pcre2_compile(units(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error, &at, context.get());
  if (compiled == nullptr) {
    return core::fail(core::Code::invalid,
                      fmt::format("'{}' is no regular expression: {} at byte {}", text, message_of(error), at), "separators");
  }
  made.code_ = std::make_shared<Code const>(compiled);
  std::uint32_t groups = 0;
  pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &groups);
  if (groups > 0) {
    return core::fail(core::Code::invalid, fmt::format("'{}' has a capturing group; write (?:…) instead of (…)", text),
                      "separators");
  }
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);  // where the machine has no compiler for it, it is interpreted
  return made;
}

core::Result<std::optional<Span>> Separator::find(std::string_view in, std::size_t from, bool advance) const {
  if (from > in.size()) return std::nullopt;
  if (!code_) {
    auto const at = literal_.size() == 1 ? in.find(literal_.front(), from) : in.find(literal_, from);
    if (at == std::string_view::npos) return std::nullopt;
    return Span{at, at + literal_.size()};
  }
  static thread_local std::unique_ptr<pcre2_match_data, MatchDeleter> const data(pcre2_match_data_create(1, nullptr));
  std::uint32_t const options = PCRE2_NO_UTF_CHECK | (advance ? PCRE2_NOTEMPTY_ATSTART : 0U);
  int const found = pcre2_match(code_->raw, units(in), in.size(), from, options, data.get(), nullptr);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0) {
    return core::fail(
        core::Code::invalid,
        fmt::format("the separator '{}' cannot be looked for in this text ({}); make it simpler", text_, message_of(found)),
        "separators");
  }
  PCRE2_SIZE const* const borders = pcre2_get_ovector_pointer(data.get());
  return Span{borders[0], std::max(borders[0], borders[1])};
}

}  // namespace parley::knowledge
