#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace parley::cloud {

/// pcm16 that may be cut in the middle of a sample, made whole.
class HalfSamples {
 public:
  [[nodiscard]] std::string whole(std::string_view bytes) {
    std::string out = std::exchange(half_, {});
    out.append(bytes);
    if (out.size() % 2 != 0) {
      half_.assign(1, out.back());
      out.pop_back();
    }
    return out;
  }

 private:
  std::string half_;
};

}  // namespace parley::cloud
