#include "cloud/openai/sse.hpp"

#include <algorithm>
#include <utility>

namespace parley::cloud::openai {
namespace {

bool ends_line(char c) { return c == '\r' || c == '\n'; }

}  // namespace

core::Result<std::vector<SseEvent>> SseReader::push(std::string_view bytes) {
  std::vector<SseEvent> out;
  while (!bytes.empty()) {
    bool const second_half = std::exchange(after_cr_, false) && bytes.front() == '\n';
    if (second_half) {
      bytes.remove_prefix(1);
      continue;
    }
    auto const length = static_cast<std::size_t>(std::ranges::find_if(bytes, ends_line) - bytes.begin());
    if (line_.size() + length + event_.data.size() > most_bytes) {
      return core::fail(core::Code::too_large, "the service sends an event that does not end", "text/event-stream");
    }
    line_ += bytes.substr(0, length);
    if (length == bytes.size()) break;
    after_cr_ = bytes[length] == '\r';
    take_line(std::exchange(line_, {}), out);
    bytes.remove_prefix(length + 1);
  }
  return out;
}

void SseReader::take_line(std::string_view line, std::vector<SseEvent>& out) {
  if (line.empty()) {
    if (has_data_) out.push_back(std::move(event_));
    event_ = {};
    has_data_ = false;
    return;
  }
  auto const colon = line.find(':');
  if (colon == 0) return;  // a comment, which keeps the connection alive
  auto const field = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (std::exchange(has_data_, true)) event_.data.push_back('\n');
    event_.data.append(value);
  } else if (field == "event") {
    event_.event = value;
  }
}

}  // namespace parley::cloud::openai
