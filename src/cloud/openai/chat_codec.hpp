#pragma once
// Chat completions as OpenAI and Volcengine's Ark (document 82379/1494384) write them: a request as JSON, a streamed answer as
// pieces. Values: no I/O.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/openai/sse.hpp"
#include "language/model.hpp"

namespace parley::cloud::openai {

struct ChatSettings {
  std::string model;     ///< a model's id, or Ark's endpoint id "ep-…"
  std::string thinking;  ///< Ark: "disabled", "enabled" or "auto"; empty: not sent
  bool send_seed = false;
  bool send_stop = true;  ///< Ark's thinking models refuse it
};

[[nodiscard]] std::string chat_request(language::GenerateRequest const& request, ChatSettings const& settings);

/// Bytes of a streamed answer in, pieces out. The last piece is a Finish or an Error; afterwards nothing comes.
class ChatReader {
 public:
  [[nodiscard]] std::vector<language::Piece> push(std::string_view bytes);
  /// The stream is over. An answer that was never finished is `unavailable`.
  [[nodiscard]] std::optional<language::Piece> end();
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  void take(SseEvent const& event, std::vector<language::Piece>& out);
  void fail(core::Error error, std::vector<language::Piece>& out);
  SseReader events_;
  std::optional<language::FinishReason> reason_;
  std::map<int, std::string> calls_;  ///< index → id
  language::Usage usage_;
  bool finished_ = false;
};

}  // namespace parley::cloud::openai
