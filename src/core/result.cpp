#include "core/result.hpp"

namespace parley::core {

std::string_view name(Code code) noexcept {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::permission: return "permission";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::too_large: return "too_large";
    case Code::busy: return "busy";
    case Code::cancelled: return "cancelled";
    case Code::internal: return "internal";
    case Code::unavailable: return "unavailable";
    case Code::deadline: return "deadline";
  }
  return "internal";
}

int http_status(Code code) noexcept {
  switch (code) {
    case Code::invalid: return 400;
    case Code::permission: return 401;
    case Code::not_found: return 404;
    case Code::conflict: return 409;
    case Code::too_large: return 413;
    case Code::busy: return 429;
    case Code::cancelled: return 499;
    case Code::internal: return 500;
    case Code::unavailable: return 503;
    case Code::deadline: return 504;
  }
  return 500;
}

std::string describe(Error const& error) {
  if (error.subject.empty()) return error.message;
  return error.message + " (" + error.subject + ")";
}

}  // namespace parley::core
