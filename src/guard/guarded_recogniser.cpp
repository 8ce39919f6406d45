#include "guard/guarded_recogniser.hpp"

namespace parley::guard {
namespace {

/// One gate for all segments: what begins in one and ends in the next is found too, and its label stands in the latter. Words
/// of a segment that is no longer what was said are not told.
void mask(std::vector<speech::Segment>& segments, Guard const& guard, GateOptions const& options) {
  Gate gate = guard.open(Direction::in, options);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    auto& segment = segments[i];
    auto text = gate.push(segment.text + (i + 1 < segments.size() ? "\n" : ""));
    if (i + 1 == segments.size()) text += gate.finish();
    while (text.ends_with('\n')) text.pop_back();
    while (text.starts_with('\n')) text.erase(0, 1);
    if (text != segment.text) segment.words.clear();
    segment.text = std::move(text);
  }
}

}  // namespace

std::unique_ptr<speech::UtteranceRecogniser> GuardedRecogniser::open(speech::RecogniserOptions options, Sink sink) const {
  auto client = options.client;
  return recogniser_->open(std::move(options), [guard = guard_, client = std::move(client),
                                                sink = std::move(sink)](core::Result<speech::Transcript> transcript) {
    if (transcript) {
      GateOptions gate{.chinese = transcript->language != "en", .refusals_are_masks = true, .client = client};
      gate.counted = transcript->revision != 0;  // the final words come later
      transcript->text = guard->check(Direction::in, transcript->text, gate).released;
      gate.counted = false;  // they are the same words again
      mask(transcript->segments, *guard, gate);
    }
    sink(std::move(transcript));
  });
}

}  // namespace parley::guard
