#include "engine/openvino/kokoro_edges.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace parley::engine {
namespace {

// What Kokoro's symbols use to end a sentence, to part a sentence, to part words.
constexpr std::array<std::u32string_view, 3> breaks{U".!?…", U",;:—”)", U" "};

std::size_t place_to_cut(std::u32string_view symbols, std::size_t longest) {
  auto const head = symbols.substr(0, longest);
  for (auto const marks : breaks) {
    auto const at = head.find_last_of(marks);
    // A cut that leaves a few symbols makes two clauses out of one for nothing: then a lesser mark is better.
    if (at != std::u32string_view::npos && at >= longest / 4) return at + 1;
  }
  return longest;
}

bool silent(std::span<float const> samples) {
  double power = 0;
  for (float const sample : samples) power += static_cast<double>(sample) * static_cast<double>(sample);
  auto const bound = static_cast<double>(SpeechEdges::threshold);
  return power < bound * bound * static_cast<double>(samples.size());
}

}  // namespace

std::vector<std::u32string> split_symbols(std::u32string_view symbols, std::size_t longest) {
  std::vector<std::u32string> pieces;
  auto const strip = [](std::u32string_view text) {
    auto const first = text.find_first_not_of(U' ');
    if (first == std::u32string_view::npos) return std::u32string_view{};
    return text.substr(first, text.find_last_not_of(U' ') - first + 1);
  };
  for (auto rest = strip(symbols); !rest.empty();) {
    auto const cut = rest.size() <= longest ? rest.size() : place_to_cut(rest, longest);
    pieces.emplace_back(strip(rest.substr(0, cut)));
    rest = strip(rest.substr(cut));
  }
  return pieces;
}

std::size_t pause_after(std::u32string_view symbols) noexcept {
  auto const last = symbols.find_last_not_of(U" ”\")");
  if (last == std::u32string_view::npos) return 0;
  constexpr std::size_t ms = audio::spoken_hz / 1000;
  if (breaks[0].contains(symbols[last])) return 280 * ms;
  if (breaks[1].contains(symbols[last])) return 160 * ms;
  return 60 * ms;
}

audio::Samples SpeechEdges::push(audio::Samples const& samples) {
  partial_.insert(partial_.end(), samples.begin(), samples.end());
  audio::Samples out;
  std::size_t done = 0;
  for (; done + hop <= partial_.size(); done += hop) {
    std::span const now(partial_.data() + done, hop);
    if (silent(now)) {
      held_.insert(held_.end(), now.begin(), now.end());
      continue;
    }
    auto const skip = started_ || held_.size() <= lead ? 0 : held_.size() - lead;
    out.insert(out.end(), held_.begin() + static_cast<std::ptrdiff_t>(skip), held_.end());
    out.insert(out.end(), now.begin(), now.end());
    held_.clear();
    started_ = true;
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(done));
  return out;
}

audio::Samples SpeechEdges::finish(std::size_t pause) {
  audio::Samples out;
  if (!silent(partial_)) {
    partial_.resize(hop, 0.0F);
    audio::Samples const rest = std::exchange(partial_, {});
    out = push(rest);
  } else {
    held_.insert(held_.end(), partial_.begin(), partial_.end());
    partial_.clear();
  }
  auto const kept = std::min(pause, held_.size());
  out.insert(out.end(), held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(kept));
  held_.clear();
  return out;
}

}  // namespace parley::engine
