#include "engine/phonemes/mandarin_lexicon.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <ranges>

namespace parley::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "lexicon.bin is little-endian and read as it lies");

constexpr std::string_view magic = "PARLEYZH";
constexpr std::uint32_t version = 1;

// Reads arrays one behind the other; knows how much is left, so that a damaged count cannot ask for all the memory.
class Reader {
 public:
  explicit Reader(std::filesystem::path const& path) : file_(path, std::ios::binary) {
    std::error_code failed;
    left_ = std::filesystem::file_size(path, failed);
    if (failed) left_ = 0;
  }
  template <class T>
  bool read(T* into, std::size_t count) {
    auto const bytes = count * sizeof(T);
    if (bytes > left_) return false;
    left_ -= bytes;
    return static_cast<bool>(file_.read(reinterpret_cast<char*>(into), static_cast<std::streamsize>(bytes)));
  }
  template <class T>
  bool read(std::vector<T>& into, std::uint32_t count) {
    if (count > left_ / sizeof(T)) return false;
    into.resize(count);
    return read(into.data(), count);
  }
  [[nodiscard]] bool at_end() const { return left_ == 0; }
  [[nodiscard]] bool open() const { return file_.is_open(); }

 private:
  std::ifstream file_;
  std::uintmax_t left_ = 0;
};

}  // namespace

core::Result<MandarinLexicon> MandarinLexicon::load(std::filesystem::path const& folder) {
  auto const path = folder / "lexicon.bin";
  Reader reader(path);
  if (!reader.open()) {
    return core::fail(core::Code::not_found,
                      "the Chinese lexicon is missing; fetch it with: parley models pull mandarin-lexicon", path.string());
  }
  auto const damaged = [&] {
    return core::fail(core::Code::invalid,
                      "the Chinese lexicon is damaged or of another version; fetch it again with: "
                      "parley models pull mandarin-lexicon",
                      path.string());
  };
  std::array<char, magic.size()> begin{};
  std::array<std::uint32_t, 5> counts{};
  if (!reader.read(begin.data(), begin.size()) || std::string_view(begin.data(), begin.size()) != magic) return damaged();
  if (!reader.read(counts.data(), counts.size()) || counts[0] != version) return damaged();

  MandarinLexicon lexicon;
  std::vector<char> spelled;
  auto const complete = reader.read(spelled, counts[1]) && reader.read(lexicon.characters_, counts[2]) &&
                        reader.read(lexicon.nodes_, counts[3]) && reader.read(lexicon.phrase_syllables_, counts[4]) &&
                        reader.read(&lexicon.unknown_word_, 1) && reader.read(lexicon.start_.data(), lexicon.start_.size()) &&
                        reader.read(lexicon.transitions_.data(), lexicon.transitions_.size()) && reader.at_end();
  if (!complete) return damaged();
  for (auto const syllable : std::views::split(spelled, ' ')) lexicon.syllables_.emplace_back(syllable.begin(), syllable.end());
  if (!lexicon.validate()) return damaged();
  return lexicon;
}

// Everything that a lookup relies on, so that lookups need no checks of their own.
core::Result<void> MandarinLexicon::validate() const {
  auto const bad = [] { return core::fail(core::Code::invalid, "an index points nowhere"); };
  if (nodes_.empty() || nodes_[root].first_child == 0) return bad();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto const next = i + 1 < nodes_.size() ? nodes_[i + 1].first_child : nodes_.size();
    if (nodes_[i].first_child <= i || nodes_[i].first_child > next || next > nodes_.size()) return bad();
    if (nodes_[i].phrase != none && nodes_[i].phrase >= phrase_syllables_.size()) return bad();
  }
  auto const known = [this](std::uint32_t syllable) { return syllable < syllables_.size(); };
  if (!std::ranges::all_of(phrase_syllables_, known)) return bad();
  if (!std::ranges::all_of(characters_, [&](auto const& c) { return c.syllable == none || known(c.syllable); })) return bad();
  if (!std::ranges::is_sorted(characters_, {}, &StoredCharacter::code)) return bad();
  return {};
}

std::optional<MandarinLexicon::Node> MandarinLexicon::child(Node node, char32_t c) const noexcept {
  auto const end = node + 1 < nodes_.size() ? nodes_[node + 1].first_child : nodes_.size();
  auto const children = std::span(nodes_).subspan(nodes_[node].first_child, end - nodes_[node].first_child);
  auto const found = std::ranges::lower_bound(children, c, {}, &StoredNode::character);
  if (found == children.end() || found->character != c) return std::nullopt;
  return static_cast<Node>(nodes_[node].first_child + static_cast<std::size_t>(found - children.begin()));
}

std::span<std::uint32_t const> MandarinLexicon::phrase(Node node, std::size_t length) const noexcept {
  auto const first = nodes_[node].phrase;
  if (first == none || length > phrase_syllables_.size() - first) return {};
  return std::span(phrase_syllables_).subspan(first, length);
}

MandarinLexicon::StoredCharacter const* MandarinLexicon::find(char32_t character) const noexcept {
  auto const found = std::ranges::lower_bound(characters_, character, {}, &StoredCharacter::code);
  return found != characters_.end() && found->code == character ? &*found : nullptr;
}

std::optional<std::uint32_t> MandarinLexicon::syllable(char32_t character) const noexcept {
  auto const* const found = find(character);
  if (found == nullptr || found->syllable == none) return std::nullopt;
  return found->syllable;
}

std::array<float, MandarinLexicon::hmm_states> MandarinLexicon::emissions(char32_t character) const noexcept {
  auto const* const found = find(character);
  return found != nullptr ? found->emissions : std::array{impossible, impossible, impossible, impossible};
}

}  // namespace parley::engine
