#pragma once
// A text cut into chunks, LangChain's way (RecursiveCharacterTextSplitter 1.1.3, bit for bit) and with what LangChain cannot
// give: where every chunk truly begins and ends. The offsets are carried along from the cut, never searched for, so repeated
// text, token counts and stripped blanks do not mislead them.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/separator.hpp"
#include "knowledge/split_rules.hpp"

namespace parley::knowledge {

struct Chunk {
  std::string text;       ///< UTF-8, never empty
  std::size_t begin = 0;  ///< code points of the source that it covers. The text is exactly these, except with Keep::none,
  std::size_t end = 0;    ///< where separators inside it are the joiner
  bool operator==(Chunk const&) const = default;
};

/// Immutable; `split` from any thread.
class Splitter {
 public:
  /// invalid: a size of 0, an overlap above the size, a separator that is no expression.
  [[nodiscard]] static core::Result<Splitter> make(SplitRules rules);

  /// Malformed bytes of `text` count as U+FFFD each. Fails only when a regular expression runs wild.
  [[nodiscard]] core::Result<std::vector<Chunk>> split(std::string_view text) const;

  [[nodiscard]] SplitRules const& rules() const noexcept { return rules_; }

 private:
  Splitter(SplitRules rules, std::vector<Separator> separators)
      : rules_(std::move(rules)), separators_(std::move(separators)) {}

  SplitRules rules_;
  std::vector<Separator> separators_;
};

}  // namespace parley::knowledge
