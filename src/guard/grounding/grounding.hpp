#pragma once
// Whether an answer stands on what it was given: each sentence against the retrieved passages and the conversation. Numbers,
// dates and names must stand there literally (facts.hpp), in sentences that speak of the same thing; then the words must be
// alike; then its model must have been sure of it. A pure function of its arguments: no model, no clock.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/policy.hpp"

namespace parley::guard {

enum class Support {
  no_claim,  // a question, a greeting, a sentence too short to claim anything
  supported,
  not_found,     // nothing in the sources speaks of it
  contradicted,  // the sources speak of it and say something else
};
[[nodiscard]] std::string_view name(Support support) noexcept;

struct GroundingOptions {
  double least_similarity = 0.34;  ///< of a sentence without literal facts: share of its words in the best source sentence
  double least_with_facts = 0.2;   ///< of one whose facts are all there
  double same_subject = 0.4;       ///< from here on a missing fact is a contradiction
  /// The last criterion, where the facts are all there and the words are alike, but not very: how sure its model was of it.
  std::optional<double> mean_logprob = {};  ///< of the tokens; natural logarithms; none: not known, and not asked
  double least_logprob = -1.5;
  double very_alike = 0.6;
};

struct Evidence {
  std::size_t source = 0;          ///< index of the passage; passages.size() + i: turn i of the conversation
  std::size_t start = 0, end = 0;  ///< code points of that passage: the sentence that comes nearest
  double similarity = 0;
};

struct UnsupportedFact {
  std::string kind;                ///< "number", "date", "name", "words", "certainty"
  std::size_t start = 0, end = 0;  ///< code points of the answer
};

struct SentenceVerdict {
  std::size_t start = 0, end = 0;  ///< code points of the answer
  Support support = Support::no_claim;
  double similarity = 0;
  std::vector<UnsupportedFact> unsupported;
  std::optional<Evidence> evidence;  ///< none when no source shares a word with it
};

struct Verdict {
  std::vector<SentenceVerdict> sentences;
  [[nodiscard]] bool grounded() const noexcept;  ///< no sentence is not found or contradicted
  /// Supported claims / claims; 1 when nothing is claimed.
  [[nodiscard]] double supported_share() const noexcept;
};

/// Behind the closing marks of the first sentence; the text's size when it has none yet. A full stop at the very end is one.
[[nodiscard]] std::size_t first_sentence_end(std::u32string_view text);

[[nodiscard]] Verdict ground(std::string_view answer, std::vector<std::string> const& passages,
                             std::vector<std::string> const& conversation, GroundingOptions const& options = {});

/// What is done about sentences that are not supported.
enum class OnUnsupported {
  off,      // nothing, and nothing is said: an answer is not judged
  flag,     // nothing: the verdict says it
  soften,   // （未经证实） / (unverified) behind the sentence
  replace,  // the policy's sentence in its place, once for several side by side
};
[[nodiscard]] std::optional<OnUnsupported> on_unsupported_named(std::string_view name) noexcept;  ///< "off", "flag", …
[[nodiscard]] std::string apply(std::string_view answer, Verdict const& verdict, OnUnsupported what,
                                Sentences const& unverified);

}  // namespace parley::guard
