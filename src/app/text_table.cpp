#include "app/text_table.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "core/utf8.hpp"

namespace parley::app {
namespace {

std::size_t width_of(char32_t c) {
  bool const kana_or_hangul = (c >= 0x3040 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3);
  bool const full_width = (c >= 0x3000 && c <= 0x303E) || (c >= 0xFF01 && c <= 0xFF60);
  return core::is_han(c) || kana_or_hangul || full_width || core::is_emoji(c) ? 2 : 1;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (char32_t const c : core::decode_utf8(text)) columns += width_of(c);
  return columns;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::string result;
  std::size_t used = 1;  // the ellipsis
  for (char32_t const c : core::decode_utf8(text)) {
    used += width_of(c);
    if (used > columns) break;
    core::append_utf8(result, c);
  }
  return columns == 0 ? std::string() : result + "…";
}

std::string table(std::vector<std::vector<std::string>> const& rows, std::size_t columns) {
  std::vector<std::size_t> widths;
  for (auto const& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text;
  for (auto const& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += (columns == 0 ? line : fit(line, columns)) + '\n';
  }
  return text;
}

std::size_t terminal_columns(int file) {
  winsize size{};
  if (isatty(file) == 0 || ioctl(file, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace parley::app
