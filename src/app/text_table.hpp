#pragma once
// Text in columns for a terminal, where a Chinese character is two columns wide.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// Terminal columns; combining marks are not told apart.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// The text, or its beginning and "…", in at most `columns` columns.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns);

/// Rows (the first is the head) with each column as wide as its widest cell, two spaces between. Lines longer than
/// `columns` are cut; 0 means never.
[[nodiscard]] std::string table(std::vector<std::vector<std::string>> const& rows, std::size_t columns = 0);

/// Of the terminal that the file descriptor is; 0 when it is none.
[[nodiscard]] std::size_t terminal_columns(int file);

}  // namespace parley::app
