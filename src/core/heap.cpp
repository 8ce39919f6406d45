#include "core/heap.hpp"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace parley::core {

void give_large_blocks_back() {
#ifdef M_MMAP_THRESHOLD
  constexpr int large = 4 << 20;
  mallopt(M_MMAP_THRESHOLD, large);  // setting it keeps the library from raising it
  mallopt(M_TRIM_THRESHOLD, large);
#endif
}

}  // namespace parley::core
