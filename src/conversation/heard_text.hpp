#pragma once
// Which words of an answer belong to which of its samples, so that an interrupted answer can be cut to what was heard.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "audio/format.hpp"

namespace parley::conversation {

class HeardText {
 public:
  /// The next clause ends at byte `end` of the text; its length in samples is not known yet.
  void add_clause(std::size_t end) { clauses_.push_back({end, {}, false}); }
  void add_sound(std::size_t clause, audio::Spoken length);
  void complete(std::size_t clause);

  /// The beginning of `text` that was spoken in the first `heard` samples: whole clauses by their sample counts, inside a
  /// clause in proportion to how long its characters usually take (a digit longer than a letter, a comma a pause), cut before a
  /// word (or a Chinese character) that was not finished. Of a clause whose sound is not complete the length is estimated from
  /// the usual speed of speech.
  [[nodiscard]] std::string_view heard(std::string_view text, audio::Spoken heard) const;

 private:
  struct Clause {
    std::size_t end;  // bytes
    audio::Spoken length;
    bool complete;
  };
  std::vector<Clause> clauses_;
};

/// The longest beginning of `text` that has at most `characters` code points and does not end inside a word or before a space.
[[nodiscard]] std::string_view cut_at_word(std::string_view text, std::size_t characters);

}  // namespace parley::conversation
