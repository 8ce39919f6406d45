#pragma once
// An answer checked while it is written: sentence by sentence against what it was given (grounding.hpp). What is not supported
// is flagged, softened or replaced, and citations that lead nowhere are taken out. A value: text in, text out, no clock.
//
//   AnswerCheck check(OnUnsupported::replace, sources, {"user: …"}, policy.unverified);
//   send(check.push("保修期是两"));       // ""
//   send(check.push("年。[1] 欢"));       // "抱歉，我无法验证该信息的准确性。"
//   send(check.finish());               // "[1] 欢"
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/grounding/grounding.hpp"
#include "language/grounds.hpp"
#include "language/model.hpp"

namespace parley::guard {

/// One thread at a time.
class AnswerCheck {
 public:
  /// `conversation`: what else the answer may stand on, the persona and what the user has said. Without any source only
  /// numbers, dates and names are held against it.
  AnswerCheck(OnUnsupported what, std::vector<language::Source> sources, std::vector<std::string> conversation,
              Sentences unverified);

  /// What may leave now. With `replace` a sentence leaves when it has ended; else all but the beginning of a citation leaves at
  /// once. `tokens`: of this text, where the model told how likely they were.
  [[nodiscard]] std::string push(std::string_view whole_characters, std::span<language::TokenScore const> tokens = {});
  /// `judge`: false for an answer that was broken off by somebody else, whose last sentence is theirs.
  [[nodiscard]] std::string finish(bool judge = true);

  /// Of what has left; positions are those of the text that left.
  [[nodiscard]] language::Grounds const& grounds() const noexcept { return grounds_; }

 private:
  static constexpr float unscored = std::numeric_limits<float>::quiet_NaN();
  void take(char32_t c, std::u32string& out);
  void end_bracket(bool closed, std::u32string& out);
  void add(std::u32string_view text, bool cites, std::u32string& out);
  [[nodiscard]] std::size_t behind_citations(std::size_t end) const;
  [[nodiscard]] std::optional<double> mean_score(std::size_t end) const;
  void end_sentence(std::size_t end, std::u32string& out);
  void let_out(std::size_t to, std::u32string& out);
  [[nodiscard]] language::Claim claim_of(SentenceVerdict const& verdict, std::size_t sentence_begin) const;

  OnUnsupported what_;
  std::vector<std::string> passages_, conversation_;
  Sentences unverified_;
  GroundingOptions options_;
  language::Grounds grounds_;
  std::u32string bracket_;     ///< what may become a citation
  std::u32string sentence_;    ///< that is being written
  std::u32string plain_;       ///< the same with blanks in the place of citations, which claim nothing
  std::vector<float> scores_;  ///< as long: of the token that begins at the character; not a number where none does
  float score_ = unscored;     ///< of the character that is being taken
  std::size_t out_of_it_ = 0;  ///< characters of the sentence that have left
  std::size_t position_ = 0;   ///< characters that have left in all
  bool replaced_ = false;      ///< the sentence before has been
};

}  // namespace parley::guard
