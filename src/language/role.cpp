#include "language/role.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "core/file.hpp"
#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "language/role_writer.hpp"

namespace parley::language {
namespace {

using core::Code;
using core::Result;

/// What is wrong in a role file, and where; caught in `parse_role`.
struct Mistake {
  YAML::Mark mark;
  std::string sentence;
};

[[noreturn]] void refuse(YAML::Node const& node, std::string sentence) { throw Mistake{node.Mark(), std::move(sentence)}; }

void only(YAML::Node const& map, std::string const& where, std::vector<std::string> const& keys) {
  if (!map.IsMap()) refuse(map, fmt::format("{} must be a list of keys and values", where));
  for (auto const& entry : map) {
    auto const key = entry.first.as<std::string>();
    if (std::ranges::find(keys, key) != keys.end()) continue;
    auto const near = core::suggest(key, keys);
    refuse(entry.first, fmt::format("{} has no key '{}'{}", where, key,
                                    near.empty() ? fmt::format("; it may have {}", fmt::join(keys, ", "))
                                                 : fmt::format("; did you mean '{}'?", near)));
  }
}

std::string text(YAML::Node const& map, char const* key, bool needed) {
  auto const node = map[key];
  if (!node) {
    if (needed) refuse(map, fmt::format("the key '{}' is missing", key));
    return {};
  }
  if (!node.IsScalar()) refuse(node, fmt::format("'{}' must be a text", key));
  auto value = node.as<std::string>();
  while (!value.empty() && (value.back() == '\n' || value.back() == ' ')) value.pop_back();
  if (needed && value.empty()) refuse(node, fmt::format("'{}' is empty", key));
  if (!core::is_valid_utf8(value)) refuse(node, fmt::format("'{}' is not UTF-8; save the file as UTF-8", key));
  return value;
}

template <class T>
void number(YAML::Node const& map, char const* key, T low, T high, T& out) {
  auto const node = map[key];
  if (!node) return;
  T value{};
  if (!YAML::convert<T>::decode(node, value) || !(value >= low && value <= high)) {
    refuse(node, fmt::format("'{}' must be a number from {} to {}", key, low, high));
  }
  out = value;
}

std::map<std::string, std::string> voices(YAML::Node const& node, std::string const& language) {
  if (!node) return {};
  if (node.IsScalar()) return {{language, node.as<std::string>()}};
  only(node, "'voice'", {"zh", "en"});
  std::map<std::string, std::string> found;
  for (auto const& entry : node) found[entry.first.as<std::string>()] = entry.second.as<std::string>();
  return found;
}

Sampling sampling(YAML::Node const& node) {
  Sampling result;
  result.max_tokens = 160;  // a spoken answer of some three sentences
  if (!node) return result;
  only(node, "'sampling'", {"temperature", "top_p", "top_k", "repeat_penalty", "max_tokens", "seed"});
  number(node, "temperature", 0.0F, 2.0F, result.temperature);
  number(node, "top_p", 0.01F, 1.0F, result.top_p);
  number(node, "top_k", 0, 1000, result.top_k);
  number(node, "repeat_penalty", 0.5F, 2.0F, result.repeat_penalty);
  number(node, "max_tokens", 1, 4096, result.max_tokens);
  number(node, "seed", 0U, 0xFFFFFFFFU, result.seed);
  return result;
}

/// One name or a list of names.
std::vector<std::string> names(YAML::Node const& node, char const* key) {
  if (!node) return {};
  if (node.IsScalar()) return {node.as<std::string>()};
  if (!node.IsSequence()) refuse(node, fmt::format("'{}' must be a name or a list of names", key));
  std::vector<std::string> all;
  for (auto const& one : node) {
    if (!one.IsScalar()) refuse(one, fmt::format("'{}' must be a name or a list of names", key));
    all.push_back(one.as<std::string>());
  }
  return all;
}

Role read(YAML::Node const& root) {
  only(root, "a role",
       {"name", "language", "personality", "greeting", "voice", "speed", "sampling", "eagerness", "knowledge", "grounding",
        "while_tools_run", "recogniser", "model", "synthesiser"});
  Role role;
  role.name = text(root, "name", true);
  role.language = text(root, "language", true);
  if (role.language != "zh" && role.language != "en") refuse(root["language"], "'language' must be zh or en");
  role.personality = text(root, "personality", true);
  role.greeting = text(root, "greeting", false);
  role.voices = voices(root["voice"], role.language);
  number(root, "speed", 0.25F, 4.0F, role.speed);
  role.sampling = sampling(root["sampling"]);
  role.knowledge = names(root["knowledge"], "knowledge");
  if (root["grounding"]) role.grounding = text(root, "grounding", true);
  static std::set<std::string> const checks{"off", "flag", "soften", "replace"};
  if (!checks.contains(role.grounding)) refuse(root["grounding"], "'grounding' must be off, flag, soften or replace");
  role.while_tools_run = text(root, "while_tools_run", false);
  role.recogniser = names(root["recogniser"], "recogniser");
  role.model = names(root["model"], "model");
  role.synthesiser = names(root["synthesiser"], "synthesiser");
  if (root["eagerness"]) role.eagerness = text(root, "eagerness", true);
  static std::set<std::string> const degrees{"low", "medium", "high", "auto"};
  if (!degrees.contains(role.eagerness)) refuse(root["eagerness"], "'eagerness' must be low, medium, high or auto");
  return role;
}

}  // namespace

std::string instructions(Role const& role) {
  // Short on purpose: it is read by small models, and every token of it is prefilled.
  if (role.language == "zh") {
    return fmt::format(
        "你是{}。{}"
        "\n你在和人打电话，请用口语简短回答，一般一到三句话，不要用列表、标题、表情符号或代码。对方用什么语言，你就用什么语言回"
        "答。",
        role.name, role.personality);
  }
  return fmt::format(
      "You are {}. {}\nYou are talking with somebody on the phone: answer aloud and briefly, one to three sentences, with no "
      "lists, "
      "headings, emoji or code. Answer in the language you are spoken to.",
      role.name, role.personality);
}

Result<Role> parse_role(std::string_view yaml, std::string const& file) {
  try {
    Role role = read(YAML::Load(std::string(yaml)));
    role.id = std::filesystem::path(file).stem().string();
    return role;
  } catch (Mistake const& mistake) {
    return core::fail(Code::invalid, fmt::format("line {}: {}", mistake.mark.line + 1, mistake.sentence), file);
  } catch (YAML::Exception const& error) {
    return core::fail(Code::invalid, fmt::format("line {}: this is no YAML: {}", error.mark.line + 1, error.msg), file);
  }
}

std::vector<std::string> Roles::ids() const {
  std::vector<std::string> found;
  std::error_code error;
  for (auto const& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path().stem().string());
  }
  std::ranges::sort(found);
  return found;
}

Result<Role> Roles::load(std::string_view id) const {
  // An id is a name in the folder, never a way out of it.
  bool const plain = !id.empty() && id.find_first_of("/\\") == std::string_view::npos && !id.starts_with('.');
  auto const path = folder_ / (std::string(id) + ".yaml");
  auto const yaml = plain ? core::file_bytes(path) : std::nullopt;
  if (!yaml) {
    auto const known = ids();
    auto const near = core::suggest(id, known);
    return core::fail(Code::not_found,
                      fmt::format("there is no role '{}'; {}", id,
                                  !near.empty()   ? fmt::format("did you mean '{}'?", near)
                                  : known.empty() ? "the folder of roles is empty"
                                                  : fmt::format("there are: {}", fmt::join(known, ", "))),
                      folder_.string());
  }
  return parse_role(*yaml, path.string());
}

Result<void> Roles::save(Role const& role) const {
  if (!is_role_id(role.id)) {
    return core::fail(Code::invalid, "a role's id is made of small letters, digits, '-' and '_', 64 bytes at most", "id");
  }
  auto const path = folder_ / (role.id + ".yaml");
  auto const yaml = write_role(role, core::file_bytes(path).value_or(""));
  if (!yaml) return std::unexpected(yaml.error());
  auto const beside = folder_ / ("." + role.id + ".yaml.new");
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << *yaml;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(beside, path, error);
  if (out && !error) return {};
  std::filesystem::remove(beside, error);
  return core::fail(Code::unavailable, "the role could not be written; is the folder of roles writable?", path.string());
}

}  // namespace parley::language
