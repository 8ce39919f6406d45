#pragma once
// A recogniser whose transcripts hold labels instead of what the gate finds in them, for houses that must not keep it: nothing
// of it is shown, remembered or read by a model, and nothing is refused any more either. Switched on with `transcripts: mask`.
#include <memory>

#include "guard/guard.hpp"
#include "speech/recogniser.hpp"

namespace parley::guard {

class GuardedRecogniser final : public speech::Recogniser {
 public:
  GuardedRecogniser(std::shared_ptr<speech::Recogniser const> recogniser, std::shared_ptr<Guard const> guard)
      : recogniser_(std::move(recogniser)), guard_(std::move(guard)) {}

  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override;

 private:
  std::shared_ptr<speech::Recogniser const> recogniser_;
  std::shared_ptr<Guard const> guard_;
};

}  // namespace parley::guard
