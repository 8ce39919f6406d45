#include "app/json_lines.hpp"

#include <cstdint>
#include <cstring>

namespace parley::app {
namespace {

bool must_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

/// Whether any of eight bytes is a control character, a quote or a backslash (Bit Twiddling Hacks, "determine if a word has a
/// byte less than n"); bytes of 0x80 and above never are.
bool any_to_escape(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t highs = 0x8080808080808080U;
  auto const zero = [](std::uint64_t w) { return (w - ones) & ~w & highs; };
  std::uint64_t const below_space = (word - ones * 0x20U) & ~word & highs;
  return (below_space | zero(word ^ (ones * '"')) | zero(word ^ (ones * '\\'))) != 0;
}

/// How many bytes from the start may be copied as they are.
std::size_t plain_run(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if (any_to_escape(word)) break;
  }
  while (i < text.size() && !must_escape(text[i])) ++i;
  return i;
}

void append_escaped(std::string& out, char c) {
  constexpr char hex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4U];
      out += hex[static_cast<unsigned char>(c) & 0xFU];
  }
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    auto const run = plain_run(text);
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    append_escaped(out, text.front());
    text.remove_prefix(1);
  }
  out += '"';
}

}  // namespace parley::app
