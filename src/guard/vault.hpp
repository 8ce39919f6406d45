#pragma once
// Reversible placeholders: the same value has the same placeholder ([手机号1]) for as long as the vault lives, and what a model
// writes with placeholders is turned back, even when it comes in pieces. One thread at a time.
#include <map>
#include <string>
#include <string_view>

#include "guard/rule.hpp"

namespace parley::guard {

class Vault {
 public:
  /// `key` is what makes two values the same (digits without their grouping); `value` is what is restored.
  [[nodiscard]] std::string placeholder(Rule rule, std::string const& key, std::string_view value, bool chinese);
  /// The value of a placeholder as a model may write it: full-width brackets, blanks and capitals change nothing.
  [[nodiscard]] std::string const* value(std::string_view placeholder) const;
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  /// Bytes of the longest placeholder in any form that `value` accepts.
  [[nodiscard]] std::size_t longest() const noexcept { return longest_; }

 private:
  std::map<std::pair<Rule, std::string>, std::string> placeholders_;
  std::map<std::string, std::string, std::less<>> values_;  // by placeholder without blanks, lower case
  std::map<std::string, int, std::less<>> counts_;          // by label
  std::size_t longest_ = 0;
};

/// Puts the values back while the text streams; holds back from a bracket on while it may be a placeholder.
class Restorer {
 public:
  enum class Into { text, json };  ///< json: inside of a string, where quotes and backslashes are escaped
  explicit Restorer(Vault const& vault, Into into = Into::text) : vault_(&vault), into_(into) {}
  [[nodiscard]] std::string push(std::string_view bytes);
  [[nodiscard]] std::string finish();

 private:
  Vault const* vault_;
  Into into_;
  std::string held_;
};

}  // namespace parley::guard
