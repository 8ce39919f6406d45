#pragma once
// A language model that does not fall silent: when nobody can answer, it says so, in the language of whoever asked. For spoken
// calls, where an error that nobody hears is a line that went dead.
#include "language/model_around.hpp"

namespace parley::cloud {

class ApologeticModel final : public language::ModelAround {
 public:
  using ModelAround::ModelAround;
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
};

}  // namespace parley::cloud
