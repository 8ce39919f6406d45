#include "language/message.hpp"

namespace parley::language {

char const* name(Speaker speaker) noexcept {
  switch (speaker) {
    case Speaker::system: return "system";
    case Speaker::user: return "user";
    case Speaker::assistant: return "assistant";
    case Speaker::tool: return "tool";
  }
  return "user";
}

}  // namespace parley::language
