#pragma once
#include <iosfwd>

namespace parley::app {

/// `parley knowledge split`: JSON lines `{"input": text, "params": {…}}` to `{"chunks": […], "start_index": […]}`, one for one.
/// A line that cannot be split becomes `{"error": sentence}`. Exit status 0 when every line was split.
[[nodiscard]] int knowledge_split(std::istream& in, std::ostream& out);

}  // namespace parley::app
