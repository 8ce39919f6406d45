#pragma once
// A language model that has looked it up: before it answers, what the knowledge bases say to the user's last words is put
// before them as numbered passages, and what it answers is checked against them while it is written. In a call the search
// begins with the first stable words, while the user is still speaking, and the model reads what was found; with the first
// whole transcript it is searched again, while the pause is not yet certain to be the end of the turn. Where that finds the
// same, everything up to the question has been read.
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/knowledge_room.hpp"
#include "guard/grounding/answer_check.hpp"
#include "guard/guard.hpp"
#include "language/model_around.hpp"

namespace parley::app {

struct Grounding {
  std::vector<std::string> bases;
  guard::OnUnsupported check = guard::OnUnsupported::flag;
  std::shared_ptr<guard::Guard const> guard = nullptr;  ///< what passages go through; null: as they are
};

/// As many of the passages, and as much of each, as a model is given; masked by the guard, and without what it refuses.
[[nodiscard]] std::vector<language::Source> sources_of(std::vector<knowledge::Passage> const& passages,
                                                       guard::Guard const* guard);

/// The last user message with the sources before it, numbered from 1, and what to do with them, in the question's language.
[[nodiscard]] std::string with_sources(std::string const& question, std::vector<language::Source> const& sources);

/// Thread-safe. The room must outlive its jobs.
class GroundedModel final : public language::ModelAround {
 public:
  GroundedModel(std::shared_ptr<language::Model> inner, KnowledgeRoom& room, Grounding grounding);
  ~GroundedModel() override;
  /// Without a hit, and when the search fails, the model is asked as it would have been.
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  /// Also of a question that is not at its end.
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

 private:
  struct Ahead;
  KnowledgeRoom& room_;
  Grounding grounding_;
  std::shared_ptr<Ahead> ahead_;  ///< what was found while the user spoke
};

}  // namespace parley::app
