#include "guard/guarded_recogniser.hpp"

namespace parley::guard {

std::unique_ptr<speech::UtteranceRecogniser> GuardedRecogniser::open(speech::RecogniserOptions options, Sink sink) const {
  return recogniser_->open(
      std::move(options), [guard = guard_, sink = std::move(sink)](core::Result<speech::Transcript> transcript) {
        if (transcript) {
          bool const chinese = transcript->language != "en";
          transcript->text =
              guard->check(Direction::in, transcript->text, {.chinese = chinese, .refusals_are_masks = true}).released;
        }
        sink(std::move(transcript));
      });
}

}  // namespace parley::guard
