#pragma once
// Tools for a model that knows them as text: how they are offered to it, how calls and results are told, and how the calls
// in its answer are found. The form is the one Qwen 2.5 was trained with (the chat template in its own model file): the tools
// as JSON lines between <tools> and </tools> in the system message, a call between <tool_call> and </tool_call>, a result
// between <tool_response> and </tool_response> in a user's turn.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "language/model.hpp"

namespace parley::language {

/// The messages with tools, calls and results put into words. Without any of them the messages come back as they are.
[[nodiscard]] std::vector<Message> with_tools_in_words(std::vector<Message> messages, std::vector<Tool> const& tools,
                                                       ToolChoice const& choice);

/// Takes an answer's pieces as the model writes them and gives those in which calls are calls. A value; one per answer. What
/// could yet become a call is held back; a call of something that was not offered, or that cannot be read, is left out, and an
/// answer that held nothing else ends in an Error.
class ToolCallReader {
 public:
  using NewId = std::function<std::string()>;

  ToolCallReader(std::vector<Tool> tools, NewId new_id) : tools_(std::move(tools)), new_id_(std::move(new_id)) {}
  [[nodiscard]] std::vector<Piece> push(Piece piece);

 private:
  void read(std::vector<Piece>& out);
  void take_call(std::string_view body, std::vector<Piece>& out);
  void words(std::string text, std::vector<Piece>& out);
  [[nodiscard]] std::vector<Piece> finish(Finish end);

  std::vector<Tool> tools_;
  NewId new_id_;
  std::string held_;
  std::string space_;  ///< blanks between words and what follows: dropped before a call
  bool in_call_ = false, said_ = false;
  int calls_ = 0, unreadable_ = 0;
};

}  // namespace parley::language
