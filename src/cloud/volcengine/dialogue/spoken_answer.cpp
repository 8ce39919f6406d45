#include "cloud/volcengine/dialogue/spoken_answer.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace parley::cloud::volcengine::dialogue {

std::size_t spoken_length(std::string_view text) {
  std::size_t length = 0;
  for (char32_t const c : core::decode_utf8(text)) {
    if (core::is_han(c)) {
      length += 3;
    } else if (core::is_latin_letter(c) || core::is_ascii_digit(c)) {
      ++length;
    }
  }
  return length;
}

void SpokenAnswer::sentence(std::string_view text) {
  sentence_over();
  auto const begin = sentences_.empty() ? 0 : sentences_.back().end;
  sentences_.push_back({begin, begin + spoken_length(text), received_, 0, false});
}

void SpokenAnswer::sound(audio::Samples samples) {
  if (over_) return;
  if (sentences_.empty()) sentence("");
  sentences_.back().samples += samples.size();
  received_ += samples.size();
  waiting_.insert(waiting_.end(), samples.begin(), samples.end());
}

void SpokenAnswer::sentence_over() {
  if (!sentences_.empty()) sentences_.back().over = true;
}

void SpokenAnswer::over() {
  sentence_over();
  over_ = true;
}

SpokenAnswer::Piece SpokenAnswer::take(std::size_t until) {
  auto const bound = boundary(until);
  auto const limit = std::min(bound.value_or(received_), received_);
  Piece piece;
  if (limit > given_) {
    auto const end = waiting_.begin() + static_cast<std::ptrdiff_t>(limit - given_);
    piece.samples.assign(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    given_ = limit;
  }
  piece.last = bound && given_ >= *bound;
  return piece;
}

/// The first sample behind these words; nothing when it cannot be told yet.
std::optional<std::size_t> SpokenAnswer::boundary(std::size_t until) const {
  for (auto const& s : sentences_) {
    if (until <= s.begin) return s.first;
    if (until > s.end || (until == s.end && !s.over)) continue;
    auto const share = static_cast<double>(until - s.begin);
    auto const samples =
        s.over ? static_cast<double>(s.samples) * share / static_cast<double>(s.end - s.begin) : pace() * share;
    return s.first + static_cast<std::size_t>(samples);
  }
  return over_ ? std::optional(received_) : std::nullopt;
}

double SpokenAnswer::pace() const {
  double samples = 0, letters = 0;
  for (auto const& s : sentences_) {
    if (!s.over) continue;
    samples += static_cast<double>(s.samples);
    letters += static_cast<double>(s.end - s.begin);
  }
  return letters > 0 && samples > 0 ? samples / letters : pace_;
}

}  // namespace parley::cloud::volcengine::dialogue
