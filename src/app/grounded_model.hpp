#pragma once
// A language model that has looked it up: before it answers, what the role's knowledge bases say to the user's last words is
// put before them as numbered passages. In a call that happens with the first transcript, while the pause is not yet certain to
// be the end of the turn, so it costs no time of its own. The beginning of the prompt stays as it was and is found in the
// cache.
#include <memory>
#include <string>
#include <vector>

#include "app/knowledge_room.hpp"
#include "language/model.hpp"

namespace parley::app {

/// The last user message with the passages before it, numbered from 1, and what to do with them, in the question's language.
[[nodiscard]] std::string with_passages(std::string const& question, std::vector<knowledge::Passage> const& passages);

/// Thread-safe. The room must outlive its jobs.
class GroundedModel final : public language::Model {
 public:
  GroundedModel(std::shared_ptr<language::Model> inner, KnowledgeRoom& room, std::vector<std::string> bases);
  [[nodiscard]] std::string name() const override;
  /// Without a hit, and when the search fails, the model is asked as it would have been.
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;

 private:
  std::shared_ptr<language::Model> inner_;
  KnowledgeRoom& room_;
  std::vector<std::string> bases_;
};

}  // namespace parley::app
