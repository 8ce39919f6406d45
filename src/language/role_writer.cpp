#include "language/role_writer.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "core/utf8.hpp"

namespace parley::language {
namespace {

/// The comment lines at the head of a file.
std::string_view head_of(std::string_view yaml) {
  std::size_t end = 0;
  while (end < yaml.size() && yaml[end] == '#') {
    auto const newline = yaml.find('\n', end);
    end = newline == std::string_view::npos ? yaml.size() : newline + 1;
  }
  return yaml.substr(0, end);
}

void set_or_drop(YAML::Node& root, char const* key, std::string const& value) {
  if (value.empty())
    root.remove(key);
  else
    root[key] = value;
}

void edit(YAML::Node& root, Role const& role) {
  root["name"] = role.name;
  root["language"] = role.language;
  root["personality"] = role.personality;
  set_or_drop(root, "greeting", role.greeting);
  YAML::Node voices(YAML::NodeType::Map);
  for (auto const& [language, voice] : role.voices) voices[language] = voice;
  if (role.voices.empty())
    root.remove("voice");
  else
    root["voice"] = voices;
  // The shortest decimal that is this float: 0.95, not 0.949999988.
  root["speed"] = fmt::format("{}", role.speed);
  root["eagerness"] = role.eagerness;
  if (!role.knowledge.empty()) root["knowledge"] = role.knowledge;
  if (role.grounding != Role{}.grounding) root["grounding"] = role.grounding;
  if (!role.while_tools_run.empty()) root["while_tools_run"] = role.while_tools_run;
  if (!role.recogniser.empty()) root["recogniser"] = role.recogniser;
  if (!role.model.empty()) root["model"] = role.model;
  if (!role.synthesiser.empty()) root["synthesiser"] = role.synthesiser;
}

bool same(Role const& a, Role const& b) {
  return a.name == b.name && a.language == b.language && a.personality == b.personality && a.greeting == b.greeting &&
         a.voices == b.voices && a.speed == b.speed && a.eagerness == b.eagerness;
}

}  // namespace

bool is_role_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > 64 || !core::is_valid_utf8(id)) return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
}

core::Result<std::string> write_role(Role const& role, std::string_view previous) {
  try {
    YAML::Node root = YAML::Load(std::string(previous));
    if (!root.IsMap()) root = YAML::Node(YAML::NodeType::Map);
    edit(root, role);
    YAML::Emitter out;
    out << root;
    std::string text = std::string(head_of(previous)) + out.c_str() + "\n";
    auto const read = parse_role(text, role.id + ".yaml");
    if (!read) return std::unexpected(read.error());
    if (!same(*read, role)) {
      return core::fail(core::Code::invalid, "a text of this role would not come back as it was; leave out spaces at its end",
                        role.id);
    }
    return text;
  } catch (YAML::Exception const& error) {
    return core::fail(core::Code::invalid, fmt::format("the role's file is no YAML any more: {}", error.msg), role.id);
  }
}

}  // namespace parley::language
