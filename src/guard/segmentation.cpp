#include "guard/segmentation.hpp"

namespace parley::guard {
namespace {

/// 。！？；
bool ends_chinese_sentence(std::string_view text) noexcept {
  return text.ends_with("\xE3\x80\x82") || text.ends_with("\xEF\xBC\x81") || text.ends_with("\xEF\xBC\x9F") ||
         text.ends_with("\xEF\xBC\x9B");
}

/// 密码：⏎hunter2 belongs together.
bool announces(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line.ends_with(':') || line.ends_with('=') || line.ends_with("\xEF\xBC\x9A");
}

}  // namespace

bool is_break(std::string_view text, std::size_t at) noexcept {
  auto const last = text[at - 1];
  if (last == '\n') return !announces(text.substr(at > 9 ? at - 9 : 0, at > 9 ? 8 : at - 1));
  if (last == ' ' || last == '\t' || last == '\r') {
    auto const before = at > 1 ? text[at - 2] : '\0';
    return before == '.' || before == '!' || before == '?' || before == ';';
  }
  if (static_cast<unsigned char>(last) < 0x80) return false;
  return ends_chinese_sentence(text.substr(0, at));
}

std::size_t break_before(std::string_view text, std::size_t at) noexcept {
  while (at > 0 && !is_break(text, at)) --at;
  return at;
}

std::size_t break_after(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && !is_break(text, at)) ++at;
  return at;
}

}  // namespace parley::guard
