#pragma once
// One window of sound (≤ 30 s) through Whisper, driven by hand: features, encoder and every token are steps of their own, so
// that a transcription can be given up between any two of them and more urgent work can come in between.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "engine/ggml/thread_choice.hpp"

struct whisper_context;
struct whisper_state;

namespace parley::engine {

struct WhisperStateDeleter {
  void operator()(whisper_state* state) const noexcept;
};
/// The working memory of one transcription (some 100–200 MB while in use). Not thread-safe; holds nothing between windows.
using WhisperState = std::unique_ptr<whisper_state, WhisperStateDeleter>;

/// The weights and what follows from them. Immutable after loading; shared by all passes.
class WhisperWeights {
 public:
  [[nodiscard]] static core::Result<std::shared_ptr<WhisperWeights const>> load(std::string const& path);
  ~WhisperWeights();
  WhisperWeights(WhisperWeights const&) = delete;
  WhisperWeights& operator=(WhisperWeights const&) = delete;

  [[nodiscard]] core::Result<WhisperState> new_state() const;
  [[nodiscard]] bool knows_language(std::string const& language) const;  ///< "zh", "en", …

 private:
  friend class WhisperPass;
  explicit WhisperWeights(whisper_context* context);
  whisper_context* context_;
  std::vector<bool> speakable_;  ///< by token, up to and with the end token: what a transcript may hold
  int space_token_ = -1;
};

/// What was said between two marks of time, which Whisper writes among its words.
struct WindowSegment {
  std::string text;               ///< as the model writes it
  double begin_s = 0, end_s = 0;  ///< in the window
  double log_probability = 0;
  int tokens = 0;
};

struct WindowText {
  std::string text;      ///< as the model writes it; empty when nobody speaks
  std::string language;  ///< given or detected; empty when nobody speaks
  double log_probability = 0;
  int tokens = 0;
  float no_speech = 0;                       ///< how likely it is that nobody speaks
  std::vector<int> words = {};               ///< the text as the model's tokens
  std::vector<WindowSegment> segments = {};  ///< when times were asked for
};

class WhisperPass {
 public:
  struct Options {
    std::string language;         ///< empty: detect
    std::string prompt;           ///< likely words
    bool times = false;           ///< with segments
    std::vector<int> draft = {};  ///< tokens that it may begin with: read at once, and kept as far as they come out again
  };
  /// How many threads suit, for the encoder and for tokens; kept from pass to pass, and used by one pass at a time.
  struct Threads {
    explicit Threads(int cores) : encoder(cores), decoder(cores) {}
    ThreadChoice encoder, decoder;
  };
  /// `samples`: 16 kHz, at most 30 s. `state` and `threads` are borrowed until the pass ends.
  WhisperPass(WhisperWeights const& weights, whisper_state& state, std::vector<float> samples, Options options,
              Threads& threads);

  /// Does the next piece of work; true when the result is there. Tokens are made until `budget` has passed.
  [[nodiscard]] bool step(std::chrono::milliseconds budget);
  [[nodiscard]] core::Result<WindowText> const& result() const noexcept { return result_; }

 private:
  enum class Stage { encode, detect, prompt, decode, done };
  void encode();
  void detect();
  void prompt();
  void decode(std::chrono::milliseconds budget);
  bool take_token();
  [[nodiscard]] int likeliest_word(float const* scores) const;
  [[nodiscard]] bool between_segments() const;
  [[nodiscard]] bool mark_is_due(float const* scores, int word) const;
  [[nodiscard]] int likeliest_mark(float const* scores) const;
  void cut_segments();
  void lost(std::size_t kept);
  void finish();
  void fail(char const* what);
  [[nodiscard]] float const* logits(std::size_t row) const;
  [[nodiscard]] std::string detected_language(float const* logits) const;
  [[nodiscard]] bool evaluate(std::vector<int> const& tokens);
  void take_draft(std::size_t first_row);

  WhisperWeights const& weights_;
  whisper_state& state_;
  std::vector<float> samples_;
  Options options_;
  Threads& threads_;
  core::Result<WindowText> result_ = WindowText{};
  Stage stage_ = Stage::encode;
  int audio_context_ = 0;  ///< width of the encoder's window in positions of 20 ms
  bool widened_ = false;
  int position_ = 0;          ///< tokens in the decoder's memory
  std::size_t last_row_ = 0;  ///< where the newest logits lie
  float no_speech_ = 0;
  std::size_t token_limit_ = 0;
  std::vector<int> tokens_;  ///< words only
  std::vector<double> log_probabilities_;
  struct Mark {
    std::size_t at = 0;  ///< words before it
    int token = 0;
  };
  std::vector<Mark> marks_;  ///< of time
  int last_token_ = 0;       ///< a word or a mark
};

}  // namespace parley::engine
