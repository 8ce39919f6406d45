#pragma once
// What has been said so far, as items, and as the messages a language model is given. Of an interrupted answer it holds what
// was heard.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversation/heard_text.hpp"
#include "conversation/item.hpp"
#include "conversation/settings.hpp"
#include "language/message.hpp"

namespace parley::conversation {

/// The model is given the last turns within this budget (estimated tokens). When it is exceeded, as much is left out as brings
/// it down to the lower one, so that the beginning of the prompt, which engines keep in a cache, changes seldom.
inline constexpr int most_tokens = 3000;
inline constexpr int tokens_after_trimming = 1500;

class History {
 public:
  struct Entry {
    Item item;
    bool cut = false;     ///< an answer that was interrupted: the model is told
    bool silent = false;  ///< the user's turn in which nothing was said (idle)
    std::string written;  ///< of an answer: all that was sent as text; `item.text` is a beginning of it
    HeardText sound;      ///< of a spoken answer
    audio::Spoken sent;   ///< of a spoken answer: the sound handed over
  };

  /// At the end; returns the id of the item before it ("" at the root).
  std::string append(Entry entry);
  /// `after`: an id, or "root" for the first place. Nothing is done when that id is not there or the item's is.
  std::optional<std::string> insert(Item item, std::string_view after);
  bool remove(std::string_view id);

  [[nodiscard]] Entry* find(std::string_view id);
  [[nodiscard]] Entry const* find(std::string_view id) const;
  [[nodiscard]] std::string previous_of(std::string_view id) const;
  [[nodiscard]] std::string last() const { return entries_.empty() ? std::string{} : entries_.back().item.id; }
  /// What was said to the user last; empty when nothing was.
  [[nodiscard]] std::string_view last_answer() const;
  [[nodiscard]] std::vector<Entry> const& entries() const noexcept { return entries_; }

  /// Words of a user's item that was added without.
  void set_text(std::string_view id, std::string text);

  /// The system message, then what is in the window.
  [[nodiscard]] std::vector<language::Message> messages(std::string const& instructions, std::string const& language) const;

  /// To be called after an entry was changed: moves the window of what the model is given.
  void changed();

 private:
  std::vector<Entry> entries_;
  std::size_t window_ = 0;  ///< first entry that the model is given
};

/// Cuts a spoken answer to its first `heard` samples (clamped). Once cut it can be cut again, to more or to less.
void cut(History::Entry& entry, audio::Spoken heard);

/// Items given by a client in place of the history.
[[nodiscard]] std::vector<language::Message> messages_of(std::string const& instructions, std::vector<Item> const& items);

/// Code points weighed by script: Chinese one token each, others some four to a token.
[[nodiscard]] int estimated_tokens(std::string_view text);

}  // namespace parley::conversation
