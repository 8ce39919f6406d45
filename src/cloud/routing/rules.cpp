#include "cloud/routing/rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/utf8.hpp"

namespace parley::cloud {
namespace {

/// What people write when they want a program, in either language. A word that is none in other talk.
constexpr std::array<std::string_view, 22> about_code{
    "```", "def ",    "#include", "std::", "SELECT ", "python", "Python", "C++",  "JavaScript", "javascript", "regex",
    "SQL", "compile", "function", "代码",  "编程",    "函数",   "脚本",   "正则", "编译",       "报错",       "程序"};

}  // namespace

Asked look_at(language::GenerateRequest const& request) {
  Asked asked;
  std::string_view last;
  for (auto const& message : request.messages) {
    asked.characters += core::count_code_points(message.text);
    if (message.speaker == language::Speaker::user) last = message.text;
  }
  asked.language = core::guess_language(last);
  asked.client = request.client;
  if (!request.tools.empty() && request.tool_choice.kind != language::ToolChoice::Kind::none) asked.tasks.insert("tools");
  if (!request.sampling.json_schema.empty()) asked.tasks.insert("json");
  if (std::ranges::any_of(about_code, [&](auto word) { return last.find(word) != std::string_view::npos; })) {
    asked.tasks.insert("code");
  }
  if (asked.tasks.empty()) asked.tasks.insert("chat");
  if (request.urgency < core::Urgency::text) asked.tasks.insert("call");
  return asked;
}

bool RouteRule::fits(Asked const& asked) const {
  auto const any = [](std::vector<std::string> const& wanted, auto const& there) {
    return wanted.empty() || std::ranges::any_of(wanted, there);
  };
  return any(tasks, [&](auto const& task) { return asked.tasks.contains(task); }) &&
         any(languages, [&](auto const& language) { return language == asked.language; }) &&
         any(clients, [&](auto const& client) { return client == asked.client; }) && asked.characters >= at_least &&
         asked.characters <= at_most;
}

}  // namespace parley::cloud
