#pragma once
// What idle sequences had read, put beside the model's memory. A step without flash attention looks at every cell of that
// memory up to the last one in use, whosever it is, so thousands of idle ones double what a token costs; a copy there and back
// costs milliseconds, reading anew seconds. Only the book-keeping of it: the caller copies. One thread at a time.
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "engine/ggml/sequence_cache.hpp"

namespace parley::engine {

class ParkedSequences {
 public:
  using Token = SequenceCache::Token;
  using Adapter = SequenceCache::Adapter;

  struct Parked {
    std::vector<Token> tokens;
    Adapter adapter = 0;
    std::vector<std::uint8_t> state;  ///< of all the tokens, as the model's memory gave it
  };

  /// The longest beginning of the prompt that is here, in the shortest sequence that has it; `where` is valid until the next
  /// `put`, and null when nothing of it is.
  struct Found {
    std::size_t known = 0;
    Parked const* where = nullptr;
  };
  [[nodiscard]] Found find(std::span<Token const> prompt, Adapter adapter) const;
  /// Whether these tokens are here, in a sequence that is not much longer. It counts as used now.
  [[nodiscard]] bool holds(std::span<Token const> tokens, Adapter adapter);
  /// Forgets what was put here longest ago until all is within `most_bytes`, and beginnings of the new one that are not much
  /// shorter.
  void put(Parked parked, std::size_t most_bytes);

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

 private:
  std::list<Parked> all_;  ///< the one used last in front
  std::size_t bytes_ = 0;  ///< of their states
};

}  // namespace parley::engine
