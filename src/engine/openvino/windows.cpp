#include "engine/openvino/windows.hpp"

#include <algorithm>

namespace parley::engine {

Window next_window(int total, int done, std::span<int const> lengths, int context) {
  int const from = std::max(0, done - context);
  int length = lengths.front();
  if (done > 0) {
    for (int const candidate : lengths) {
      if (candidate > total || candidate - 2 * context > 2 * done) break;
      length = candidate;
      if (from + candidate >= total) break;
    }
  }
  int const begin = std::min(from, std::max(0, total - length));
  int const end = begin + length;
  return {begin, length, done, end >= total ? total : end - context};
}

}  // namespace parley::engine
