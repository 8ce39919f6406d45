#pragma once
// A language model behind the gate, both ways. What people said is checked before the model reads it: refused text never
// reaches it (a sentence answers instead, which a call speaks), what is replaced comes as placeholders, and the answer gets the
// values back. What the model writes is checked while it streams, before anything is spoken or shown. The operator's own
// instructions (system messages) are not checked.
//
//   engines.model = std::make_shared<GuardedModel>(engines.model, guard);
#include <memory>

#include "guard/guard.hpp"
#include "language/model_around.hpp"

namespace parley::guard {

class GuardedModel final : public language::ModelAround {
 public:
  GuardedModel(std::shared_ptr<language::Model> model, std::shared_ptr<Guard const> guard)
      : ModelAround(std::move(model)), guard_(std::move(guard)) {}

  /// A refusal ends with FinishReason::content_filter; on the way in the sink is called before this returns.
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

 private:
  std::shared_ptr<Guard const> guard_;
};

/// Messages as a model may read them. Values that stand in several messages have one placeholder, and the same one again when
/// the conversation has grown. Only what came after the last answer is new to the report; `ahead`: nothing is.
struct CheckedMessages {
  std::vector<language::Message> messages;
  std::string refusal;  ///< of the last thing a person said; empty: none
};
[[nodiscard]] CheckedMessages check_messages(Guard const& guard, std::vector<language::Message> messages, Vault& vault,
                                             std::string const& client = {}, bool ahead = false);

}  // namespace parley::guard
