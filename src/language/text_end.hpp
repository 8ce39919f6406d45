#pragma once
#include <functional>
#include <memory>

#include "core/job.hpp"
#include "core/result.hpp"
#include "language/model.hpp"

namespace parley::language {

/// Says from the words of a pause whether the speaker has finished his sentence. Shared by all calls; thread-safe.
class TextEndDetector {
 public:
  using Sink = std::function<void(core::Result<float>)>;  ///< called once, from any thread, with P(finished) in [0, 1]

  virtual ~TextEndDetector() = default;
  /// `asked`: what the answer will be asked. Its last message is the transcript so far; the mark that a recogniser puts at its
  /// end does not count.
  [[nodiscard]] virtual core::Job predict(GenerateRequest asked, Sink sink) const = 0;
};

/// By a local language model that goes on in the speaker's place: the probability that a mark which ends a sentence comes next,
/// times the probability that a mark is such a one. ("Because it is raining" wants a mark, but a comma.) Any sentence can be
/// followed by other words, so a finished one has 0.02 and more, not 1; one that is broken off has 0.001 and less. What it
/// reads is the beginning of the prompt that the answer needs anyway.
class ModelTextEnd final : public TextEndDetector {
 public:
  explicit ModelTextEnd(std::shared_ptr<Model> model) : model_(std::move(model)) {}
  core::Job predict(GenerateRequest asked, Sink sink) const override;

 private:
  std::shared_ptr<Model> model_;
};

/// Of the likeliest tokens that may come next.
[[nodiscard]] float probability_of_end(TokenScore const& next);

}  // namespace parley::language
