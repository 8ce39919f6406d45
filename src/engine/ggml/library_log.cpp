#include "engine/ggml/library_log.hpp"

#include <ggml.h>
#include <llama.h>
#include <whisper.h>

#include <mutex>
#include <string_view>

#include "core/log.hpp"

namespace parley::engine {
namespace {

void to_debug(ggml_log_level, char const* text, void*) {
  std::string_view line(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (line.size() > 1) spdlog::debug("ggml: {}", line);  // single characters are the libraries' progress dots
}

}  // namespace

void route_library_logs() {
  static std::once_flag once;
  std::call_once(once, [] {
    ggml_log_set(to_debug, nullptr);
    llama_log_set(to_debug, nullptr);
    whisper_log_set(to_debug, nullptr);
  });
}

}  // namespace parley::engine
