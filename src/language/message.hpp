#pragma once
#include <string>
#include <vector>

namespace parley::language {

enum class Speaker { system, user, assistant, tool };

struct Message {
  Speaker speaker = Speaker::user;
  std::string text;
  bool operator==(Message const&) const = default;
};

[[nodiscard]] char const* name(Speaker speaker) noexcept;  ///< "system", "user", …

}  // namespace parley::language
