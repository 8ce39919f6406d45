#pragma once
#include <string>
#include <vector>

namespace parley::language {

enum class Speaker { system, user, assistant, tool };

/// A model asks for a function to be called.
struct ToolCall {
  std::string id;  ///< ties the result to it
  std::string name;
  std::string arguments;  ///< a JSON object as text
  bool operator==(ToolCall const&) const = default;
};

struct Message {
  Speaker speaker = Speaker::user;
  std::string text;                  ///< of a tool: its result
  std::vector<ToolCall> calls = {};  ///< of an assistant: what it asked for
  std::string call_id = {};          ///< of a tool: the call that this is the result of
  bool operator==(Message const&) const = default;
};

[[nodiscard]] char const* name(Speaker speaker) noexcept;  ///< "system", "user", …

}  // namespace parley::language
