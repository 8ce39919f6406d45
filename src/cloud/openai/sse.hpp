#pragma once
// Server-sent events (WHATWG HTML, section 9.2.6) cut out of a stream of bytes that may be cut anywhere.
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::cloud::openai {

struct SseEvent {
  std::string event;  ///< empty: "message"
  std::string data;   ///< lines joined with \n
  bool operator==(SseEvent const&) const = default;
};

class SseReader {
 public:
  static constexpr std::size_t most_bytes = std::size_t{1} << 20U;  ///< of one event

  /// The events that are complete now. `too_large` when one never ends.
  [[nodiscard]] core::Result<std::vector<SseEvent>> push(std::string_view bytes);

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& out);
  std::string line_;
  SseEvent event_;
  bool has_data_ = false, after_cr_ = false;
};

}  // namespace parley::cloud::openai
