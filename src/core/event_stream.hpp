#pragma once
// Server-sent events (WHATWG HTML, section 9.2.6) as one writes them.
#include <string>
#include <string_view>

namespace parley::core {

/// `data` is one line, as JSON is; `event` may be empty.
[[nodiscard]] inline std::string sse_event(std::string_view data, std::string_view event = {}) {
  std::string out;
  out.reserve(data.size() + event.size() + 16);
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  return out.append("data: ").append(data).append("\n\n");
}

}  // namespace parley::core
