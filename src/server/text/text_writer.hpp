#pragma once
// Answers in OpenAI's shapes: pieces of a language model in, bytes of an HTTP body out. A value; it knows no clock and no
// socket.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/http_routes.hpp"
#include "server/text/text_request.hpp"

namespace parley::server {

class TextWriter {
 public:
  /// `request` outlives the writer. `created`: seconds of the epoch.
  TextWriter(TextRequest const& request, std::string id, std::int64_t created);

  // Server-sent events, when the request asks for a stream; else nothing comes out before `whole`.
  [[nodiscard]] std::string begin();
  [[nodiscard]] std::string piece(int choice, language::Delta delta);
  [[nodiscard]] std::string piece(int choice, language::ToolCallBegan const& call);
  [[nodiscard]] std::string piece(int choice, language::ToolCallArguments const& arguments);
  [[nodiscard]] std::string piece(int choice, language::Grounds const& grounds);
  [[nodiscard]] std::string piece(int choice, language::Finish const& finish);
  [[nodiscard]] std::string end(std::int64_t latency_ms);  ///< when all choices have finished
  [[nodiscard]] static std::string error(core::Error const& error);

  [[nodiscard]] HttpReply whole(std::int64_t latency_ms) const;

  [[nodiscard]] bool finished() const;
  [[nodiscard]] std::string const& reason() const { return choices_.front().reason; }  ///< of the first choice
  [[nodiscard]] language::Usage usage() const;  ///< of all choices; a prompt that several share is counted once

 private:
  struct Choice {
    std::string text;
    std::vector<language::ToolCall> calls;
    std::vector<language::TokenScore> scores;
    std::optional<language::Grounds> grounds;
    language::Usage usage;
    std::string reason;           ///< empty: still being written
    std::size_t code_points = 0;  ///< of the text before the latest piece; /v1/completions wants offsets
  };
  [[nodiscard]] Choice& at(int choice) { return choices_[static_cast<std::size_t>(choice)]; }
  [[nodiscard]] std::string event(int choice, std::string const& delta, std::string const& logprobs, std::string const& reason,
                                  std::string const& more = {});

  TextRequest const& request_;
  std::string id_;
  std::int64_t created_;
  std::vector<Choice> choices_;
};

}  // namespace parley::server
