#include "language/text_end.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/utf8.hpp"

namespace parley::language {
namespace {

constexpr std::u32string_view ending_marks = U".?!。？！…\n";
constexpr std::u32string_view other_marks = U",;:，、；：";
constexpr int likeliest = 20;  // tokens; what is rarer than these weighs nothing

std::string without_last_mark(std::string_view text) {
  auto letters = core::decode_utf8(text);
  auto const counts = [](char32_t c) {
    return !core::is_space(c) && ending_marks.find(c) == std::u32string_view::npos &&
           other_marks.find(c) == std::u32string_view::npos;
  };
  while (!letters.empty() && !counts(letters.back())) letters.pop_back();
  return core::encode_utf8(letters);
}

}  // namespace

float probability_of_end(TokenScore const& next) {
  double ends = 0, others = 0;
  for (auto const& choice : next.likeliest) {
    auto const letters = core::decode_utf8(choice.bytes);
    auto const first = std::ranges::find_if(letters, [](char32_t c) { return c != U' '; });
    if (first == letters.end()) continue;
    if (ending_marks.find(*first) != std::u32string_view::npos) ends += std::exp(choice.logprob);
    if (other_marks.find(*first) != std::u32string_view::npos) others += std::exp(choice.logprob);
  }
  return ends > 0 ? static_cast<float>(ends * ends / (ends + others)) : 0;
}

core::Job ModelTextEnd::predict(GenerateRequest asked, Sink sink) const {
  auto& text = asked.messages.back().text;
  text = without_last_mark(text);
  asked.unfinished = true;
  asked.urgency = core::Urgency::first_sound;  // the answer that is being prepared waits for it
  asked.sampling = {};
  asked.sampling.temperature = 0;
  asked.sampling.max_tokens = 1;
  asked.sampling.alternatives = likeliest;
  return model_->generate(std::move(asked), [sink = std::move(sink), told = false](Piece const& piece) mutable {
    if (std::exchange(told, true)) return;
    if (auto const* delta = std::get_if<Delta>(&piece); delta != nullptr && !delta->tokens.empty())
      return sink(probability_of_end(delta->tokens.front()));
    if (auto const* error = std::get_if<core::Error>(&piece)) return sink(std::unexpected(*error));
    if (std::holds_alternative<Finish>(piece)) return sink(1.0F);  // the model has nothing to add
    told = false;
  });
}

}  // namespace parley::language
