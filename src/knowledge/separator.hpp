#pragma once
// One separator, ready to be looked for: a literal or a compiled PCRE2 expression with the meaning Python's `re` gives it.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::knowledge {

/// Positions in bytes of UTF-8.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Immutable; thread-safe.
class Separator {
 public:
  /// invalid: the expression cannot be compiled, or it has a capturing group (which would have no meaning in a split).
  [[nodiscard]] static core::Result<Separator> compile(std::string const& text, bool regex);

  [[nodiscard]] bool anywhere() const noexcept { return literal_.empty() && !code_; }  ///< the separator ""
  /// A literal of one byte, when it is one.
  [[nodiscard]] std::optional<char> single_byte() const noexcept {
    return literal_.size() == 1 ? std::optional(literal_.front()) : std::nullopt;
  }
  [[nodiscard]] std::string const& text() const noexcept { return text_; }  ///< as it was given

  /// The first match in valid UTF-8 at or after `from`; what lies before `from` counts for look-behind. `advance`: a match that
  /// is empty at `from` itself does not count (the one before was empty there). Error `invalid`: the expression runs wild on
  /// this text.
  [[nodiscard]] core::Result<std::optional<Span>> find(std::string_view in, std::size_t from, bool advance = false) const;

 private:
  struct Code;
  std::string text_;
  std::string literal_;
  std::shared_ptr<Code const> code_;
};

}  // namespace parley::knowledge
