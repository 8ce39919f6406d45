#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/utf8.hpp"
namespace parley::conversation {
class ClauseCutter {
 public:
  std::vector<std::string> push(std::string_view d) {
    std::vector<std::string> out;
    for (char32_t c : core::decode_utf8(d)) {
      core::append_utf8(buffer_, c);
      if (c == U'。' || c == U'，' || c == U'！' || c == U'？' || c == U'.' || c == U'!' || c == U'?' || c == U',')
        out.push_back(std::exchange(buffer_, {}));
    }
    return out;
  }
  std::vector<std::string> finish() {
    if (buffer_.empty()) return {};
    return {std::exchange(buffer_, {})};
  }

 private:
  std::string buffer_;
};
}  // namespace parley::conversation
