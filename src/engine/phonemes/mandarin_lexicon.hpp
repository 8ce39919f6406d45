#pragma once
// Chinese words, phrases and readings, packed by models/convert/mandarin_lexicon.py (which describes the file).
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::engine {

/// Immutable after loading; any number of threads may read.
class MandarinLexicon {
 public:
  using Node = std::uint32_t;
  static constexpr Node root = 0;
  static constexpr std::size_t hmm_states = 4;  ///< B, E, M, S: begin, end, middle of a word, or a word of one character

  /// `folder` holds lexicon.bin. Errors: `not_found`, or `invalid` for a file that is damaged or of another version.
  [[nodiscard]] static core::Result<MandarinLexicon> load(std::filesystem::path const& folder);

  [[nodiscard]] std::optional<Node> child(Node node, char32_t c) const noexcept;
  [[nodiscard]] bool is_word(Node node) const noexcept { return nodes_[node].log_probability > never; }
  /// Of the word that ends at this node; that of an unknown word when none does.
  [[nodiscard]] float log_probability(Node node) const noexcept {
    return is_word(node) ? nodes_[node].log_probability : unknown_word_;
  }
  [[nodiscard]] float unknown_word() const noexcept { return unknown_word_; }
  /// The syllables of the phrase of `length` characters that ends at this node; empty when none does.
  [[nodiscard]] std::span<std::uint32_t const> phrase(Node node, std::size_t length) const noexcept;

  /// The usual reading of a character by itself.
  [[nodiscard]] std::optional<std::uint32_t> syllable(char32_t character) const noexcept;
  [[nodiscard]] std::string_view pinyin(std::uint32_t syllable) const noexcept { return syllables_[syllable]; }
  [[nodiscard]] std::size_t syllables() const noexcept { return syllables_.size(); }

  [[nodiscard]] std::array<float, hmm_states> emissions(char32_t character) const noexcept;
  [[nodiscard]] std::array<float, hmm_states> const& start() const noexcept { return start_; }
  [[nodiscard]] float transition(std::size_t from, std::size_t to) const noexcept {
    return transitions_[from * hmm_states + to];
  }

 private:
  static constexpr float never = -std::numeric_limits<float>::infinity();
  static constexpr float impossible = -3.14e37F;
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  // As they lie in the file.
  struct StoredNode {
    std::uint32_t character, first_child;
    float log_probability;
    std::uint32_t phrase;
  };
  struct StoredCharacter {
    std::uint32_t code, syllable;
    std::array<float, hmm_states> emissions;
  };
  [[nodiscard]] core::Result<void> validate() const;
  [[nodiscard]] StoredCharacter const* find(char32_t character) const noexcept;

  std::vector<std::string> syllables_;
  std::vector<StoredCharacter> characters_;  // by code
  std::vector<StoredNode> nodes_;
  std::vector<std::uint32_t> phrase_syllables_;
  float unknown_word_ = 0;
  std::array<float, hmm_states> start_{};
  std::array<float, hmm_states * hmm_states> transitions_{};
};

}  // namespace parley::engine
