#pragma once
// What is done about what is found: config/guard.yaml as a value. What is not said stays as in rule.cpp.
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "guard/rule.hpp"

namespace parley::guard {

struct Actions {
  Action in = Action::log, out = Action::log, context = Action::log;
  [[nodiscard]] Action of(Direction direction) const noexcept {
    return direction == Direction::in ? in : direction == Direction::out ? out : context;
  }
  bool operator==(Actions const&) const = default;
};

struct WordList {
  std::string name;
  std::vector<std::string> words;
  bool pinyin = false;
  Actions actions{Action::mask, Action::mask, Action::mask};
};

struct Sentences {
  std::string zh, en;
};

struct Policy {
  bool enabled = true;
  bool mask_transcripts = false;  ///< what is found in speech is not even remembered (guarded_recogniser.hpp)
  std::array<Actions, rule_count> actions = defaults();
  std::vector<WordList> words;
  double injection_threshold = 0.7;  ///< of a score from 0 to 1
  Sentences refusal_in{"检测到敏感信息输入", "Sensitive information was detected in the input."};
  Sentences refusal_out{"抱歉，这部分内容包含敏感信息，不能提供。",
                        "Sorry, this contains sensitive information and cannot be given."};
  Sentences unverified{"抱歉，我无法验证该信息的准确性", "Sorry, I cannot verify that this is accurate."};

  [[nodiscard]] static std::array<Actions, rule_count> defaults() noexcept;
  [[nodiscard]] Actions const& of(Rule rule) const noexcept { return actions[static_cast<std::size_t>(rule)]; }
};

/// Every error names the line and the key. `file` is for messages; word files are looked for beside it.
[[nodiscard]] core::Result<Policy> parse_policy(std::string const& yaml, std::filesystem::path const& file);
[[nodiscard]] core::Result<Policy> load_policy(std::filesystem::path const& file);

}  // namespace parley::guard
