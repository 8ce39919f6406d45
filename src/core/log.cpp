#include "core/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace parley::core {

void start_log(std::string const& level) {
  auto log = spdlog::stderr_color_mt("parley");
  log->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  log->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(log);
}

}  // namespace parley::core
