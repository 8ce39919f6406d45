#include "language/filler_model.hpp"

namespace parley::language {

core::Job FillerModel::generate(GenerateRequest request, Sink sink) {
  bool const fresh = !request.messages.empty() && request.messages.back().speaker != Speaker::tool;
  if (request.tools.empty() || !fresh) return inner_->generate(std::move(request), std::move(sink));
  auto const spoken = std::make_shared<bool>(false);  // the pieces come one after the other
  return inner_->generate(std::move(request), [spoken, sentence = sentence_, sink = std::move(sink)](Piece piece) {
    if (auto const* delta = std::get_if<Delta>(&piece)) {
      *spoken = *spoken || delta->text.find_first_not_of(" \t\r\n") != std::string::npos;
    } else if (std::holds_alternative<ToolCallBegan>(piece) && !std::exchange(*spoken, true)) {
      sink(Delta{sentence});
    }
    sink(std::move(piece));
  });
}

core::Job FillerModel::prepare(std::vector<Message> messages, core::Urgency urgency) {
  return inner_->prepare(std::move(messages), urgency);
}

core::Job FillerModel::read_ahead(GenerateRequest request) { return inner_->read_ahead(std::move(request)); }

}  // namespace parley::language
