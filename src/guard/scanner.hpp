#pragma once
// All detectors over one piece of text, and which of their candidates stay.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "guard/injection.hpp"
#include "guard/pattern_set.hpp"
#include "guard/policy.hpp"
#include "guard/word_list.hpp"

namespace parley::guard {

/// Nothing longer is found in one piece; so much text is held back at most.
inline constexpr std::size_t longest_hold_bytes = 16 * 1024;

class Scanner {
 public:
  [[nodiscard]] static core::Result<Scanner> compile(Policy const& policy);

  struct Hit {
    Rule rule;
    std::string detail;
    std::uint32_t begin = 0, end = 0;  ///< bytes
    std::string key;                   ///< normalised: what makes two values the same
  };
  struct Injection {
    unsigned kind = 0;
    double weight = 0;
    std::uint32_t begin = 0, end = 0;  ///< bytes
  };
  struct Scan {
    std::vector<Hit> hits;  ///< in order, apart from each other, none reaching beyond `safe`
    std::vector<Injection> injections;
    std::uint32_t safe = 0;  ///< bytes of which nothing can change any more
  };
  struct Options {
    bool final = false;          ///< nothing follows
    std::uint32_t released = 0;  ///< bytes that have left already: hits begin behind them
    std::chrono::year_month_day today{};
    bool skip_first_look = false;  ///< for tests: every detector looks at everything
  };
  [[nodiscard]] Scan scan(std::string_view text, Options const& options) const;

 private:
  Scanner(PatternSet triggers, InjectionPhrases injection, WordLists words)
      : triggers_(std::move(triggers)), injection_(std::move(injection)), words_(std::move(words)) {}
  struct Piece {
    std::size_t begin, end;
    bool injection = true;  ///< a phrase may stand in it
  };
  [[nodiscard]] std::vector<Piece> pieces_to_read(std::string_view text, std::size_t tail) const;
  void read(std::string_view text, Piece piece, bool final, Options const& options, Scan& out) const;

  PatternSet triggers_;
  InjectionPhrases injection_;
  WordLists words_;
};

}  // namespace parley::guard
