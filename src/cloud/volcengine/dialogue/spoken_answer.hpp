#pragma once
// What the service says of one answer, sentence by sentence, handed out clause by clause: whoever asks for a clause gets the
// sound of its words. The service cuts where it likes, so a boundary that lies within a sentence is put where its share of the
// words says: exactly once the sentence is over, by the pace of the voice until then. No sample is lost and none given twice.
#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "audio/format.hpp"

namespace parley::cloud::volcengine::dialogue {

/// How long a text takes to say, in letters of English; a Chinese character takes as long as three, marks take nothing.
[[nodiscard]] std::size_t spoken_length(std::string_view text);

/// A value.
class SpokenAnswer {
 public:
  static constexpr std::size_t all = static_cast<std::size_t>(-1);
  /// Of a voice that nobody has heard yet: five Chinese characters, or fifteen letters, a second.
  static constexpr double usual_pace = 0.067 * audio::spoken_hz;

  /// `pace`: samples a letter, until a sentence of this answer has shown it.
  explicit SpokenAnswer(double pace = usual_pace) : pace_(pace) {}

  void sentence(std::string_view text);  ///< one begins; the one before is over
  void sound(audio::Samples samples);    ///< 24 kHz
  void sentence_over();
  void over();  ///< nothing more comes

  struct Piece {
    audio::Samples samples;
    bool last = false;  ///< everything before `until` has been handed out
  };
  /// What is there of the words before `until` (their spoken_length from the beginning of the answer) and was not handed out.
  [[nodiscard]] Piece take(std::size_t until);

  [[nodiscard]] bool is_over() const { return over_; }
  [[nodiscard]] double pace() const;

 private:
  struct Sentence {
    std::size_t begin = 0, end = 0;  // in the answer's words
    std::size_t first = 0, samples = 0;
    bool over = false;
  };
  [[nodiscard]] std::optional<std::size_t> boundary(std::size_t until) const;

  double pace_;
  std::vector<Sentence> sentences_;
  std::deque<float> waiting_;
  std::size_t received_ = 0, given_ = 0;
  bool over_ = false;
};

}  // namespace parley::cloud::volcengine::dialogue
