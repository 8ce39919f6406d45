#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::engine {

/// Which tokens lie in which sequence of a model's memory, and which sequence a new prompt should use: so that a beginning that
/// was read once, a role's instructions or the turns so far, is never read again. Only the book-keeping: the caller does
/// to the model's memory what a Claim says. A copy costs nothing there (the cells are shared). One thread at a time.
///
/// Everything is known by its tokens and by the adapter (with its scale) that read them: keys and values that were computed
/// under one adapter are wrong under any other.
class SequenceCache {
 public:
  using Token = std::int32_t;
  using Adapter = int;  ///< a number for an adapter and its scale; 0: none

  explicit SequenceCache(int sequences) : sequences_(static_cast<std::size_t>(sequences)) {}

  struct Claim {
    int sequence = 0;
    std::size_t kept = 0;     ///< tokens of the prompt that are in it once this is done:
    std::optional<int> from;  ///< clear `sequence` and copy [0, kept) from this one; none: cut `sequence` at `kept`
  };
  /// A sequence of its own for `prompt`, holding as much of its beginning as is known, at most `most` tokens. An idle sequence
  /// that is all prefix is continued; otherwise the prefix is copied and its source stays as it is. Makes room by forgetting
  /// the idle sequence that was used longest ago. None when every sequence is in use.
  [[nodiscard]] std::optional<Claim> claim(std::span<Token const> prompt, std::size_t most, Adapter adapter = 0);

  /// Tokens of the prompt's beginning that lie in some sequence.
  [[nodiscard]] std::size_t known(std::span<Token const> prompt, Adapter adapter = 0) const;

  void append(int sequence, std::span<Token const> tokens);  ///< they have been read into it
  void release(int sequence);                                ///< idle from now on; its tokens stay for others
  void forget(int sequence);                                 ///< nothing in it can be relied on
  /// The idle sequence with something in it that was used longest ago.
  [[nodiscard]] std::optional<int> longest_idle() const;
  [[nodiscard]] std::size_t idle_tokens() const;  ///< in all idle sequences; what they share counts for each

  [[nodiscard]] std::span<Token const> tokens(int sequence) const { return at(sequence).tokens; }
  [[nodiscard]] Adapter adapter(int sequence) const { return at(sequence).adapter; }

 private:
  struct Sequence {
    std::vector<Token> tokens;
    Adapter adapter = 0;     ///< that read them
    std::uint64_t used = 0;  ///< counts claims and releases: when last
    bool busy = false;
  };
  [[nodiscard]] Sequence& at(int sequence) { return sequences_[static_cast<std::size_t>(sequence)]; }
  [[nodiscard]] Sequence const& at(int sequence) const { return sequences_[static_cast<std::size_t>(sequence)]; }
  [[nodiscard]] std::optional<int> oldest_idle(std::optional<int> spare) const;

  std::vector<Sequence> sequences_;
  std::uint64_t now_ = 0;
};

}  // namespace parley::engine
