#pragma once
// Many regular expressions looked for at once (Vectorscan). Bytes, not characters. Thread-safe.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::guard {

class PatternSet {
 public:
  struct Pattern {
    std::string expression;  ///< the common part of PCRE that Vectorscan knows
    unsigned id = 0;
    bool caseless = true;
    bool with_start = false;  ///< reports where a hit begins as well; slower
    unsigned pass = 0;        ///< those of one pass are looked for together; kinds that go badly together are quicker apart
  };
  /// `begin` is 0 without `with_start`; the hits of one pass come in the order of their ends.
  using Hit = std::function<void(unsigned id, std::size_t begin, std::size_t end)>;

  /// Errors name the expression. An empty set finds nothing.
  [[nodiscard]] static core::Result<PatternSet> compile(std::vector<Pattern> const& patterns);

  PatternSet(PatternSet&&) noexcept;
  PatternSet& operator=(PatternSet&&) noexcept;
  ~PatternSet();

  /// Unavailable when Vectorscan itself fails (memory); whoever asks has to treat the text as full of hits.
  [[nodiscard]] core::Result<void> scan(std::string_view text, Hit const& hit) const;

 private:
  struct State;
  explicit PatternSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace parley::guard
