#pragma once
// JSON written fast where there is much of it.
#include <string>
#include <string_view>

namespace parley::app {

/// `text` (valid UTF-8) as a JSON string with its quotes, behind `out`.
void append_json(std::string& out, std::string_view text);

}  // namespace parley::app
