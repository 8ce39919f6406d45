#pragma once
// What streaming recognition (document 6561/1354869) puts into its frames. Values: no I/O.
#include <string>
#include <string_view>
#include <vector>

#include "cloud/volcengine/frame.hpp"

namespace parley::cloud::volcengine {

struct RecognitionRequest {
  std::string language;   ///< BCP 47, only for bigmodel_nostream; empty: Chinese, English and dialects
  bool two_pass = false;  ///< enable_nonstream: only bigmodel_async has it
  std::vector<std::string> hot_words;
  std::string boosting_table;  ///< a table of words kept in the console; may be empty
  bool gzip = false;
};

/// The first frame of a stream: dialect A, which is the documented one.
[[nodiscard]] Frame recognition_request(RecognitionRequest const& request);
/// 16 kHz signed 16-bit little-endian sound, 100–200 ms at a time.
[[nodiscard]] Frame recognition_sound(std::string pcm, bool last, bool gzip);

struct Utterance {
  std::string text;
  int start_ms = 0, end_ms = 0;
  bool definite = false;
};
struct RecognitionReply {
  std::string text;  ///< all of the stream so far; what is left out of the JSON is empty or zero
  int duration_ms = 0;
  std::vector<Utterance> utterances;
  std::string log_id;
  bool last = false;
};
/// `result` may be an object or a list; unknown members are ignored.
[[nodiscard]] core::Result<RecognitionReply> read_recognition(Frame const& frame);

/// Words that are likely, as one writes them: separated by commas, 、 or lines.
[[nodiscard]] std::vector<std::string> hot_words_of(std::string_view prompt);

}  // namespace parley::cloud::volcengine
