#pragma once
// Phrases by which a text tries to give the model orders. None of them is proof: each has a weight, and the score of a text is
// 1 − Π(1 − weight) over the different ones found in it.
#include <string>
#include <string_view>
#include <vector>

#include "guard/pattern_set.hpp"
#include "guard/segment.hpp"

namespace parley::guard {

class InjectionPhrases {
 public:
  [[nodiscard]] static core::Result<InjectionPhrases> compile();

  struct Hit {
    unsigned kind = 0;
    double weight = 0;
    std::size_t begin = 0, end = 0;  ///< characters of the normalised text
  };
  /// Of each kind the first one that ends in the segment.
  [[nodiscard]] std::vector<Hit> find(NormalText const& text) const;
  /// For the first look at a text; see WordLists::triggers.
  [[nodiscard]] static std::vector<std::string> triggers();

 private:
  explicit InjectionPhrases(PatternSet set) : set_(std::move(set)) {}
  PatternSet set_;
};

}  // namespace parley::guard
