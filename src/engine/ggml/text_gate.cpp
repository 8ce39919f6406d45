#include "engine/ggml/text_gate.hpp"

#include <algorithm>
#include <utility>

#include "core/utf8.hpp"

namespace parley::engine {

TextGate::TextGate(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](std::string const& stop) { return stop.empty(); });
}

std::string TextGate::push(std::string_view bytes) {
  if (stopped_) return {};
  held_ += bytes;
  std::size_t first = std::string::npos;
  for (auto const& stop : stops_) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    held_.resize(first);
    return std::exchange(held_, {});
  }

  std::size_t ready = held_.size();
  for (auto const& stop : stops_) {
    std::size_t const longest = std::min(stop.size() - 1, held_.size());
    for (std::size_t length = longest; length > 0; --length) {
      if (!std::string_view(held_).ends_with(std::string_view(stop).substr(0, length))) continue;
      ready = std::min(ready, held_.size() - length);
      break;
    }
  }
  ready = core::complete_utf8_prefix(std::string_view(held_).substr(0, ready));
  std::string out = held_.substr(0, ready);
  held_.erase(0, ready);
  return out;
}

std::string TextGate::finish() {
  if (stopped_) return {};
  stopped_ = true;
  held_.resize(core::complete_utf8_prefix(held_));
  return std::exchange(held_, {});
}

}  // namespace parley::engine
