#include "guard/policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <fstream>

#include "core/file.hpp"
#include "core/suggest.hpp"

namespace parley::guard {
namespace {

using core::Code;

struct Mistake {
  YAML::Mark mark;
  std::string sentence;
};

[[noreturn]] void unknown_key(YAML::Node const& key, std::string_view where, std::vector<std::string> const& known) {
  auto const near = core::suggest(key.as<std::string>(), known);
  throw Mistake{key.Mark(), fmt::format("{} has no key '{}'; {}", where, key.as<std::string>(),
                                        near.empty() ? fmt::format("it may have {}", fmt::join(known, ", "))
                                                     : fmt::format("did you mean '{}'?", near))};
}

std::string text_of(YAML::Node const& node) {
  if (!node.IsScalar()) throw Mistake{node.Mark(), "this must be a text"};
  return node.as<std::string>();
}

bool flag_of(YAML::Node const& node) {
  bool value = false;
  if (!YAML::convert<bool>::decode(node, value)) throw Mistake{node.Mark(), "this must be true or false"};
  return value;
}

Action action_of(YAML::Node const& node) {
  auto const action = action_named(text_of(node));
  if (!action) throw Mistake{node.Mark(), "an action is log, mask, replace or refuse"};
  return *action;
}

/// `mask` for all directions, or {in: refuse, out: mask}.
void read_actions(YAML::Node const& node, Actions& actions) {
  if (node.IsScalar()) {
    auto const action = action_of(node);
    actions = {action, action, action};
    return;
  }
  if (!node.IsMap()) throw Mistake{node.Mark(), "this must be an action, or one for each of in, out, context"};
  for (auto const& entry : node) {
    auto const direction = direction_named(entry.first.as<std::string>());
    if (!direction) unknown_key(entry.first, "a rule", {"in", "out", "context"});
    auto& action = *direction == Direction::in ? actions.in : *direction == Direction::out ? actions.out : actions.context;
    action = action_of(entry.second);
  }
}

void read_rules(YAML::Node const& node, Policy& policy) {
  if (!node.IsMap()) throw Mistake{node.Mark(), "'rules' must hold rules and their actions"};
  for (auto const& entry : node) {
    auto const rule = rule_named(entry.first.as<std::string>());
    if (!rule) {
      std::vector<std::string> known;
      for (std::size_t i = 0; i < rule_count; ++i) known.emplace_back(facts(static_cast<Rule>(i)).name);
      unknown_key(entry.first, "'rules'", known);
    }
    read_actions(entry.second, policy.actions[static_cast<std::size_t>(*rule)]);
  }
}

void read_word_file(std::filesystem::path const& path, YAML::Node const& node, WordList& list) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Mistake{node.Mark(), fmt::format("there is no word file {}, or it may not be read", path.string())};
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && line.front() != '#') list.words.push_back(line);
  }
}

void read_words(YAML::Node const& node, std::filesystem::path const& folder, Policy& policy) {
  if (!node.IsMap()) throw Mistake{node.Mark(), "'words' must hold named lists"};
  for (auto const& entry : node) {
    WordList list;
    list.name = entry.first.as<std::string>();
    list.actions = policy.of(Rule::word);
    if (!entry.second.IsMap()) throw Mistake{entry.second.Mark(), "a list has 'words' or 'file', 'action' and 'pinyin'"};
    for (auto const& field : entry.second) {
      auto const key = field.first.as<std::string>();
      if (key == "words") {
        if (!field.second.IsSequence()) throw Mistake{field.second.Mark(), "this must be a list of words"};
        for (auto const& word : field.second) list.words.push_back(text_of(word));
      } else if (key == "file") {
        read_word_file(folder / text_of(field.second), field.second, list);
      } else if (key == "action") {
        read_actions(field.second, list.actions);
      } else if (key == "pinyin") {
        list.pinyin = flag_of(field.second);
      } else {
        unknown_key(field.first, "a list of words", {"words", "file", "action", "pinyin"});
      }
    }
    policy.words.push_back(std::move(list));
  }
}

void read_sentences(YAML::Node const& node, Sentences& sentences) {
  if (!node.IsMap()) throw Mistake{node.Mark(), "this must hold a sentence for zh and for en"};
  for (auto const& entry : node) {
    auto const key = entry.first.as<std::string>();
    if (key != "zh" && key != "en") unknown_key(entry.first, "a sentence", {"zh", "en"});
    (key == "zh" ? sentences.zh : sentences.en) = text_of(entry.second);
  }
}

void read_policy(YAML::Node const& root, std::filesystem::path const& folder, Policy& policy) {
  if (!root.IsMap()) throw Mistake{root.Mark(), "the policy must hold keys and values"};
  for (auto const& entry : root) {
    auto const key = entry.first.as<std::string>();
    auto const& value = entry.second;
    if (key == "enabled") {
      policy.enabled = flag_of(value);
    } else if (key == "transcripts") {
      auto const wish = text_of(value);
      if (wish != "keep" && wish != "mask") throw Mistake{value.Mark(), "this must be keep or mask"};
      policy.mask_transcripts = wish == "mask";
    } else if (key == "rules") {
      read_rules(value, policy);
    } else if (key == "words") {
      read_words(value, folder, policy);
    } else if (key == "injection_threshold") {
      if (!YAML::convert<double>::decode(value, policy.injection_threshold) || policy.injection_threshold <= 0 ||
          policy.injection_threshold > 1) {
        throw Mistake{value.Mark(), "this must be a number above 0, at most 1"};
      }
    } else if (key == "refusal_in") {
      read_sentences(value, policy.refusal_in);
    } else if (key == "refusal_out") {
      read_sentences(value, policy.refusal_out);
    } else if (key == "unverified") {
      read_sentences(value, policy.unverified);
    } else {
      unknown_key(
          entry.first, "the policy",
          {"enabled", "transcripts", "rules", "words", "injection_threshold", "refusal_in", "refusal_out", "unverified"});
    }
  }
}

}  // namespace

std::array<Actions, rule_count> Policy::defaults() noexcept {
  std::array<Actions, rule_count> actions;
  for (std::size_t i = 0; i < rule_count; ++i) {
    auto const& about = facts(static_cast<Rule>(i));
    actions[i] = {about.in, about.out, about.context};
  }
  return actions;
}

core::Result<Policy> parse_policy(std::string const& yaml, std::filesystem::path const& file) {
  try {
    Policy policy;
    YAML::Node const root = YAML::Load(yaml);
    if (!root.IsNull()) read_policy(root, file.parent_path(), policy);
    return policy;
  } catch (Mistake const& mistake) {
    return core::fail(Code::invalid, fmt::format("line {}: {}", mistake.mark.line + 1, mistake.sentence), file.string());
  } catch (YAML::Exception const& error) {
    return core::fail(Code::invalid, fmt::format("line {}: this is no YAML: {}", error.mark.line + 1, error.msg),
                      file.string());
  }
}

core::Result<Policy> load_policy(std::filesystem::path const& file) {
  auto const text = core::file_bytes(file);
  if (!text) return core::fail(Code::not_found, "there is no such guard policy, or it may not be read", file.string());
  return parse_policy(*text, file);
}

}  // namespace parley::guard
